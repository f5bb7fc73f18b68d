"""The local process pool: workers that can be killed, forked from a server that has the heavy libraries loaded."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess

from .errors import ErrorCode, PluginError
from .events import (
    GO,
    SKIP,
    DetectorStarted,
    Done,
    Failed,
    FindingReady,
    Hashed,
    Message,
    Ready,
    Started,
    Task,
    pack_refusal,
    pack_task,
    unpack,
)
from .records import Failure
from .settings import Settings

log = logging.getLogger(__name__)

START_S = 180.0


@dataclass
class Worker:
    """One process and what it is doing."""

    process: ForkServerProcess
    connection: Connection
    task: Task | None = None
    detector: str | None = None
    allowed_s: float = START_S
    deadline: float = 0.0
    ready: bool = False


class ProcessPool:
    """Runs up to `settings.workers` tasks, each in a process of its own that is killed at its deadline."""

    def __init__(
        self,
        settings: Settings,
        detectors: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._detectors, self._clock = settings, tuple(detectors), clock
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(["forensics.preload"])
        self._workers: list[Worker] = []
        self._unsent: list[Message] = []
        self._numbers = 0

    @property
    def slots(self) -> int:
        """Return how many tasks could begin now."""
        return self._settings.workers - sum(worker.task is not None for worker in self._workers)

    def warm_up(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Start a worker before there is work; `stop` says whether to give up waiting for it.

        Raises what keeps it from starting, such as a wrong detector's name.
        """
        self._start()
        while not self._unsent and not stop():
            self._unsent = list(self.events(0.2))

    def submit(self, task: Task) -> None:
        """Give a task to a free worker, or to a new one."""
        free = (worker for worker in self._workers if worker.task is None)
        worker = next(free, None) or self._start()
        worker.task, worker.detector = task, None
        worker.allowed_s = self._settings.deadline(task.size_bytes)
        if not worker.deadline:
            self._restart_clock(worker)
        with suppress(BrokenPipeError, ConnectionResetError):
            worker.connection.send_bytes(pack_task(task))

    def decide(self, task_id: int, go: bool) -> None:
        """Let a task go on after its hash, or end it. While it waited for this, its clock stood still."""
        worker = self._worker_of(task_id)
        if worker is None:
            return
        with suppress(BrokenPipeError, ConnectionResetError):
            worker.connection.send_bytes(GO if go else SKIP)
        if go:
            self._restart_clock(worker)
        else:
            self._rest(worker)

    def cancel(self, task_id: int) -> None:
        """Kill the task's worker."""
        worker = self._worker_of(task_id)
        if worker is not None:
            self._kill(worker)

    def close(self) -> None:
        """Kill all workers."""
        for worker in list(self._workers):
            self._kill(worker)

    def events(self, timeout_s: float) -> Iterator[Message]:
        """Yield what workers sent, and a Failed for each that died or ran past its deadline."""
        unsent, self._unsent = self._unsent, []
        yield from unsent
        ready = wait([worker.connection for worker in self._workers], timeout_s)
        if not self._workers and timeout_s > 0:
            time.sleep(timeout_s)
        for worker in list(self._workers):
            if worker.connection in ready:
                yield from self._received(worker)
            elif worker.deadline and self._clock() > worker.deadline:
                yield from self._expired(worker)

    def _start(self) -> Worker:
        ours, theirs = self._context.Pipe()
        self._numbers += 1
        process = self._context.Process(
            target=serve_in_child,
            args=(theirs, self._settings, self._detectors, self._numbers),
            name=f"forensics-worker-{self._numbers}",
            daemon=True,
        )
        process.start()
        theirs.close()
        worker = Worker(process, ours, deadline=self._clock() + START_S)
        self._workers.append(worker)
        return worker

    def _received(self, worker: Worker) -> Iterator[Message]:
        try:
            data = worker.connection.recv_bytes()
        except (EOFError, ConnectionResetError, OSError):
            yield from self._died(worker)
            return
        message = unpack(data)
        self._follow(worker, message)
        yield message

    def _follow(self, worker: Worker, message: Message) -> None:
        """Keep the worker's state and clock in step with what it says."""
        worker.ready = True
        if isinstance(message, Done | Failed):
            self._rest(worker)
        elif isinstance(message, Hashed) or worker.task is None:
            worker.deadline = 0.0
        elif isinstance(message, Ready | Started | DetectorStarted | FindingReady):
            self._restart_clock(worker)
            worker.detector = message.detector if isinstance(message, DetectorStarted) else None

    def _restart_clock(self, worker: Worker) -> None:
        worker.deadline = self._clock() + worker.allowed_s

    def _rest(self, worker: Worker) -> None:
        worker.task, worker.detector, worker.deadline = None, None, 0.0

    def _expired(self, worker: Worker) -> Iterator[Message]:
        task, detector, allowed_s = worker.task, worker.detector, worker.allowed_s
        self._kill(worker)
        if task is None:
            raise PluginError(f"a worker was not ready after {START_S:.0f} s; see the log above")
        doing = f"detector {detector}" if detector else "reading the file"
        message = f"{doing} took longer than {allowed_s:.0f} s"
        yield Failed(task.id, Failure(ErrorCode.DEADLINE, message, detector))

    def _died(self, worker: Worker) -> Iterator[Message]:
        task, detector = worker.task, worker.detector
        self._kill(worker)
        code = worker.process.exitcode
        log.warning("worker died", extra={"exit": code, "task": task.id if task else None})
        if task is None and worker.ready:
            return
        if task is None:
            raise PluginError(f"a worker ended with status {code} before it was ready; see above")
        doing = f"detector {detector}" if detector else "reading the file"
        message = f"the worker process died with status {code} in {doing}"
        yield Failed(task.id, Failure(ErrorCode.WORKER_DIED, message, detector))

    def _kill(self, worker: Worker) -> None:
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.connection.close()

    def _worker_of(self, task_id: int) -> Worker | None:
        return next((w for w in self._workers if w.task and w.task.id == task_id), None)


def serve_in_child(
    connection: Connection, settings: Settings, detectors: Sequence[str], number: int
) -> None:
    """Be a worker. Imported here, so that the parent stays without the libraries that workers need."""
    try:
        from .worker import serve
    except ImportError as error:
        advice = (
            "to analyse files, run \"pip install 'media-forensics[faces]'\" and install a detector"
        )
        connection.send_bytes(pack_refusal(PluginError(f"{error}; {advice}")))
        return
    serve(connection, settings, detectors, number)
