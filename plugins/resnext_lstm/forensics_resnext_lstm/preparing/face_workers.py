"""Processes that cut faces side by side: one that dies or hangs costs its video and nothing else."""

import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess

from forensics.errors import ErrorCode
from forensics.settings import Settings

from .cutting import Cut
from .layouts.video import Video

START_S = 180.0
LOOK_S = 0.5
Target = Callable[[Connection, Settings], None]


@dataclass
class Worker:
    """One process, and the video it has in hand until `deadline`."""

    process: ForkServerProcess
    connection: Connection
    video: Video | None = None
    deadline: float = 0.0
    begun: bool = False


class Crew:
    """Up to `settings.workers` processes that run `target`; to be used as a context, at whose end they are killed."""

    def __init__(
        self,
        settings: Settings,
        target: Target | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._target, self._clock = settings, target or serve, clock
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(["forensics.workers.preload"])
        self._workers: list[Worker] = []

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *error: object) -> None:
        for worker in list(self._workers):
            self._kill(worker)

    def cut(self, videos: Iterable[Video]) -> Iterator[Cut]:
        """Yield what became of each video, in the order in which they are finished."""
        waiting = iter(videos)
        while True:
            for worker in self._free():
                self._give(worker, next(waiting, None))
            if not any(worker.video for worker in self._workers):
                return
            yield from self._finished()

    def _free(self) -> list[Worker]:
        free = [worker for worker in self._workers if worker.video is None]
        new = self._settings.workers - len(self._workers)
        return free + [self._start() for _ in range(new)]

    def _start(self) -> Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=self._target, args=(theirs, self._settings), daemon=True
        )
        process.start()
        theirs.close()
        worker = Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _give(self, worker: Worker, video: Video | None) -> None:
        if video is None:
            return
        size = video.path.stat().st_size if video.path.exists() else 0
        start_s = 0.0 if worker.begun else START_S
        worker.video, worker.begun = video, True
        worker.deadline = self._clock() + start_s + self._settings.deadline(size)
        with suppress(BrokenPipeError, ConnectionResetError):
            worker.connection.send(video)

    def _finished(self) -> Iterator[Cut]:
        ready = wait([worker.connection for worker in self._workers if worker.video], LOOK_S)
        for worker in [one for one in self._workers if one.video]:
            if worker.connection in ready:
                yield self._received(worker)
            elif self._clock() > worker.deadline:
                yield self._lost(worker, ErrorCode.DEADLINE, "took too long")

    def _received(self, worker: Worker) -> Cut:
        try:
            found: Cut | Exception = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            return self._lost(worker, ErrorCode.WORKER_DIED, "the process that read it died")
        if isinstance(found, Exception):
            raise found
        worker.video = None
        return found

    def _lost(self, worker: Worker, code: ErrorCode, why: str) -> Cut:
        name = worker.video.name if worker.video else ""
        self._kill(worker)
        return Cut(name, code=str(code), reason=f"{name}: {why}")

    def _kill(self, worker: Worker) -> None:
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.connection.close()


def serve(connection: Connection, settings: Settings) -> None:
    """Be a worker: cut one video after the other, until the parent is gone. Ctrl-C is the parent's matter."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from ..device import choose

    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            import torch

            from forensics.faces import FaceFinder

            from .cutting import cut

            torch.set_num_threads(settings.threads or 1)
            finder = FaceFinder(choose(settings).device.type)
            while True:
                connection.send(cut(connection.recv(), settings, finder))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:
            connection.send(error)
