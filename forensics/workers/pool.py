"""The local process pool: workers that can be killed, forked from a server that has the heavy libraries loaded."""

import logging
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path

from ..analysis.messages import (
    DetectorStarted,
    Done,
    Failed,
    FindingReady,
    Hashed,
    Loading,
    Message,
    Ready,
    Started,
    Task,
    unpack,
)
from ..errors import ErrorCode, PluginError
from ..process import sandbox
from ..records import Failure
from ..settings import Settings
from .handle import START_S, Worker, start

log = logging.getLogger(__name__)

LOOK_S = 0.05  # between looks at how much memory the workers have
NEARLY = 0.9  # of its memory: a worker that dies of itself above this died for want of it


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
        self._context.set_forkserver_preload(["forensics.workers.preload"])
        self._workers: list[Worker] = []
        self._unsent: list[Message] = []
        self._numbers = self.deaths = 0
        self._left_out: dict[str, str] = {}
        self._scratch: Path | None = None
        self._looked, self._oom_kills = float("-inf"), sandbox.oom_kills()

    @property
    def slots(self) -> int:
        """Return how many tasks could begin now."""
        return self._settings.workers - sum(worker.task is not None for worker in self._workers)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Return the workers that are there, busy or idle."""
        return tuple(self._workers)

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
        worker.begin(task, self._settings.deadline(task.size_bytes), self._clock)

    def decide(self, task_id: int, go: bool) -> None:
        """Let a task go on after its hash, or end it. While it waited for this, its clock stood still."""
        worker = self._worker_of(task_id)
        if worker is None:
            return
        worker.answer(go)
        if go:
            worker.restart_clock(self._clock)
        else:
            self._rest(worker)

    def cancel(self, task_id: int) -> None:
        """Kill the task's worker."""
        worker = self._worker_of(task_id)
        if worker is not None:
            self._kill(worker)

    def close(self) -> None:
        """Kill all workers and remove what they wrote."""
        for worker in list(self._workers):
            self._kill(worker)
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None

    def events(self, timeout_s: float) -> Iterator[Message]:
        """Yield what workers sent, and a Failed for each that died, ran past its deadline or holds too much memory."""
        unsent, self._unsent = self._unsent, []
        yield from unsent
        ready = wait([worker.connection for worker in self._workers], timeout_s)
        if not self._workers and timeout_s > 0:
            time.sleep(timeout_s)
        large = self._too_large()
        for worker in list(self._workers):
            if worker not in self._workers:
                continue  # whoever took an event cancelled this one's task
            if worker.connection in ready:
                yield from self._received(worker)
            elif worker in large:
                yield from self._grew(worker)
            elif worker.deadline and self._clock() > worker.deadline:
                yield from self._expired(worker)

    def _start(self) -> Worker:
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="forensics-scratch-"))
        self._numbers += 1
        scratch = self._scratch / str(self._numbers)
        known = (self._settings, self._detectors, self._numbers, scratch, self._left_out)
        worker = start(self._context, *known)
        worker.restart_clock(self._clock)
        self._workers.append(worker)
        return worker

    def _received(self, worker: Worker) -> Iterator[Message]:
        try:
            data = worker.connection.recv_bytes()
        except (EOFError, ConnectionResetError, OSError):
            yield from self._died(worker)
            return
        message = unpack(data)
        if isinstance(message, Loading):
            worker.loading = message.plugin
            return
        message = attributed(message, worker)
        self._follow(worker, message)
        yield message

    def _follow(self, worker: Worker, message: Message) -> None:
        """Keep the worker's state and clock in step with what it says."""
        worker.ready = True
        if isinstance(message, Done | Failed):
            self._rest(worker, message)
        elif isinstance(message, Hashed) or worker.task is None:
            worker.deadline = 0.0
        elif isinstance(message, Ready | Started | DetectorStarted | FindingReady):
            worker.restart_clock(self._clock)
            worker.detector = message.detector if isinstance(message, DetectorStarted) else None

    def _rest(self, worker: Worker, message: Message | None = None) -> None:
        """Let a worker wait for its next task, unless it has done its share or ran out of memory: then it is replaced."""
        worker.rest()
        short = isinstance(message, Failed) and message.failure.code is ErrorCode.OUT_OF_MEMORY
        self.deaths += short
        if short or 0 < self._settings.jobs_per_worker <= worker.done:
            self._kill(worker)

    def _too_large(self) -> list[Worker]:
        """Return the workers that hold more than they may; looked for no oftener than every LOOK_S."""
        most = self._settings.memory_mb * sandbox.MB
        if not most or self._clock() - self._looked < LOOK_S:
            return []
        self._looked = self._clock()
        return [worker for worker in self._workers if worker.task and worker.look() > most]

    def _grew(self, worker: Worker) -> Iterator[Message]:
        held, doing = worker.most_bytes / sandbox.MB, worker.doing
        message = f"{doing} took {held:.0f} MB, the limit is {self._settings.memory_mb}"
        yield from self._lost(worker, ErrorCode.OUT_OF_MEMORY, message)

    def _expired(self, worker: Worker) -> Iterator[Message]:
        if worker.loading:
            self.deaths += 1
            self._kill(worker)
            self._begin_without(worker, f"was not done after {START_S:.0f} s")
            return
        if worker.task is None:
            self._kill(worker)
            raise PluginError(f"a worker was not ready after {START_S:.0f} s; see the log above")
        message = f"{worker.doing} took longer than {worker.allowed_s:.0f} s"
        yield from self._lost(worker, ErrorCode.DEADLINE, message)

    def _died(self, worker: Worker) -> Iterator[Message]:
        task = worker.task
        self.deaths += 1
        code = self._kill(worker)
        log.warning("worker died", extra={"exit": code, "job": task.id if task else None})
        if worker.loading:
            self._begin_without(worker, f"died with status {code}")
            return
        if task is None and worker.ready:
            return
        if task is None:
            raise PluginError(f"a worker ended with status {code} before it was ready; see above")
        why = ErrorCode.OUT_OF_MEMORY if self._is_starved(worker, code) else ErrorCode.WORKER_DIED
        message = f"the worker process died with status {code} in {worker.doing}"
        yield Failed(task.id, Failure(why, message, worker.detector))

    def _begin_without(self, ended: Worker, how: str) -> None:
        """Replace a worker that ended while it imported a plugin by one without it; its task goes along."""
        self._left_out[str(ended.loading)] = f"its process {how} while it was loaded"
        worker = self._start()
        if ended.task is not None:
            worker.begin(ended.task, ended.allowed_s, self._clock)

    def _is_starved(self, worker: Worker, code: int | None) -> bool:
        """Say whether a worker died for want of memory: the kernel killed it, or it had nearly all it may have."""
        before, self._oom_kills = self._oom_kills, sandbox.oom_kills()
        if code == -signal.SIGKILL and self._oom_kills > before:
            return True
        most = self._settings.memory_mb * sandbox.MB
        return bool(most) and worker.most_bytes > NEARLY * most

    def _lost(self, worker: Worker, why: ErrorCode, message: str) -> Iterator[Message]:
        """Kill a worker for what it did to its task."""
        task = worker.task
        self.deaths += 1
        self._kill(worker)
        if task is not None:
            yield Failed(task.id, Failure(why, message, worker.detector))

    def _kill(self, worker: Worker) -> int | None:
        self._workers.remove(worker)
        return worker.kill()

    def _worker_of(self, task_id: int) -> Worker | None:
        return next((w for w in self._workers if w.task and w.task.id == task_id), None)


def attributed(message: Message, worker: Worker) -> Message:
    """Return what a worker said, with the detector at which it ran out of memory."""
    if not isinstance(message, Failed) or message.failure.code is not ErrorCode.OUT_OF_MEMORY:
        return message
    return replace(message, failure=replace(message.failure, detector=worker.detector))
