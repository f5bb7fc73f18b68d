"""A worker process: how the parent starts, sees and ends it, and the first thing it does itself."""

import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from ..analysis.messages import GO, SKIP, Task, pack_refusal, pack_task
from ..errors import ForensicsError, PluginError
from ..process import sandbox
from ..settings import Settings

log = logging.getLogger(__name__)

START_S = 180.0


@dataclass
class Worker:
    """One process and what it is doing. `deadline` is 0 while its clock stands still; `done` counts its tasks.

    `loading` is the plugin that it is importing.
    """

    process: ForkServerProcess
    connection: Connection
    scratch: Path
    task: Task | None = None
    detector: str | None = None
    allowed_s: float = START_S
    deadline: float = 0.0
    ready: bool = False
    loading: str | None = None
    done: int = 0
    most_bytes: int = 0

    @property
    def doing(self) -> str:
        """Say in words what it is busy with."""
        return f"detector {self.detector}" if self.detector else "reading the file"

    def begin(self, task: Task, allowed_s: float, clock: Callable[[], float]) -> None:
        """Give it a task; its clock runs from here, unless it is still starting."""
        self.task, self.detector, self.allowed_s = task, None, allowed_s
        if not self.deadline:
            self.restart_clock(clock)
        self._send(pack_task(task))

    def answer(self, go: bool) -> None:
        """Answer its `Hashed`."""
        self._send(GO if go else SKIP)

    def _send(self, data: bytes) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # its end is noticed elsewhere
            self.connection.send_bytes(data)

    def restart_clock(self, clock: Callable[[], float]) -> None:
        """Give it the time that it is allowed for a stage."""
        self.deadline = clock() + self.allowed_s

    def rest(self) -> None:
        """Note that it has nothing to do."""
        self.task, self.detector, self.deadline, self.most_bytes = None, None, 0.0, 0
        self.done += 1

    def look(self) -> int:
        """Return its resident memory; the most seen during this task is kept."""
        now = sandbox.resident_bytes(self.process.pid or 0)
        self.most_bytes = max(self.most_bytes, now)
        return now

    def kill(self) -> int | None:
        """End it and return its exit status, which is its own when it had died by itself."""
        self.process.kill()
        self.process.join()
        self.connection.close()
        shutil.rmtree(self.scratch, ignore_errors=True)
        return self.process.exitcode


def start(
    context: ForkServerContext,
    settings: Settings,
    detectors: Sequence[str],
    number: int,
    scratch: Path,
    left_out: Mapping[str, str] | None = None,
) -> Worker:
    """Start a worker with a scratch folder of its own, in which it may write."""
    scratch.mkdir()
    ours, theirs = context.Pipe()
    process = context.Process(
        target=serve_in_child,
        args=(theirs, settings, tuple(detectors), number, scratch, left_out or {}),
        name=f"forensics-worker-{number}",
        daemon=True,
    )
    process.start()
    theirs.close()
    return Worker(process, ours, scratch)


def serve_in_child(
    connection: Connection,
    settings: Settings,
    detectors: Sequence[str],
    number: int,
    scratch: Path,
    left_out: Mapping[str, str],
) -> None:
    """Be a worker: confined before anything else, while there is no thread yet.

    What it does is imported here, so that the parent stays without the libraries that workers need.
    """
    lacking = sandbox.contain(scratch) if settings.contained else ()
    try:
        from .main import serve
    except ImportError as error:
        advice = (
            "to analyse files, run \"pip install 'media-forensics[faces]'\" and install a detector"
        )
        connection.send_bytes(pack_refusal(PluginError(f"{error}; {advice}")))
        return
    try:
        serve(connection, settings, detectors, number, scratch, lacking, left_out)
    except ForensicsError as error:
        connection.send_bytes(pack_refusal(error))
