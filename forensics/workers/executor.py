"""Where tasks are done. The process pool is one; the tests have another that works in their own process; a cluster engine plugs in here later."""

from collections.abc import Iterator
from typing import Protocol

from ..analysis.messages import Message, Task


class Executor(Protocol):
    """Takes tasks and gives events. `slots` is the number of tasks that it would begin at once.

    `deaths` counts the workers that died, or were killed for what they did; those that were replaced or cancelled do not
    count.
    """

    deaths: int

    @property
    def slots(self) -> int:
        """Free places."""

    def submit(self, task: Task) -> None:
        """Take a task; there must be a free place. From here on it is named by its `id`."""

    def events(self, timeout_s: float) -> Iterator[Message]:
        """Yield what has happened, after waiting for it at most `timeout_s`."""

    def decide(self, task_id: int, go: bool) -> None:
        """Answer a `Hashed`: go on, or end the task there without a further event."""

    def cancel(self, task_id: int) -> None:
        """Stop a task at once; no further event of it comes."""

    def close(self) -> None:
        """Stop everything."""
