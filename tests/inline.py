"""The executor that works in this process."""

from collections import deque
from collections.abc import Iterator

from forensics.analysis.analyse import Equipment, Work, analyse
from forensics.analysis.messages import Event, Hashed, Message, Ready, Started, Task
from forensics.records import Passage


class InlineExecutor:
    """Analyses one file at a time in this process: no deadline, no protection. For tests and for debugging detectors."""

    def __init__(self, equipment: Equipment) -> None:
        self.equipment = equipment
        self.deaths = 0
        self._said_ready = False
        self._tasks: deque[Task] = deque()
        self._work: Work | None = None
        self._answer: bool | None = None
        self._asked = False

    @property
    def slots(self) -> int:
        """One, while nothing is under way."""
        return 0 if self._tasks or self._work else 1

    def submit(self, task: Task) -> None:
        """Take a task."""
        self._tasks.append(task)

    def decide(self, task_id: int, go: bool) -> None:
        """Answer the task that is under way."""
        self._answer, self._asked = go, False

    def cancel(self, task_id: int) -> None:
        """Drop the task."""
        self._tasks.clear()
        self._work, self._asked = None, False

    def close(self) -> None:
        """Drop everything."""
        self.cancel(0)

    def events(self, timeout_s: float) -> Iterator[Message]:
        """Yield the events of the task under way, until it ends or waits for an answer."""
        if not self._said_ready:
            self._said_ready = True
            yield Ready(self.equipment.pipeline(Passage()), (), ())
        if self._tasks and not self._work:
            task = self._tasks.popleft()
            self._work, self._answer = analyse(task, self.equipment), None
            yield Started(task.id, 0)
        while self._work and not self._asked:
            event = self._next(self._work)
            if event is not None:
                yield event

    def _next(self, work: Work) -> Event | None:
        answer, self._answer = self._answer, None
        try:
            event = work.send(answer)
        except StopIteration:
            self._work = None
            return None
        self._asked = isinstance(event, Hashed)
        return event
