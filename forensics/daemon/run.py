"""The one way to get jobs done: pool, dispatcher, notifier, backoff and evidence folder put together.

`watch`, `scan` and the pages run their jobs through a `Run`; a re-run needs no jobs and uses the pool alone.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Self

from sqlalchemy import Engine

from ..analysis.messages import Message, Ready
from ..evidence.folder import keep_artifacts
from ..settings import Settings
from ..store import queries
from ..store.database import reading
from ..workers.executor import Executor
from ..workers.pool import ProcessPool
from .active_job import Ended
from .backoff import Backoff
from .dispatcher import Dispatcher
from .notifier import Notifier

log = logging.getLogger(__name__)

STEP_S = 0.1


@contextmanager
def ready_pool(
    settings: Settings,
    detectors: Sequence[str] = (),
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[ProcessPool]:
    """Give a pool whose first worker has loaded the detectors, or that `should_stop` no longer waits for; close it at the end.

    Raises what keeps a worker from starting, such as a wrong detector's name.
    """
    with closing(ProcessPool(settings, detectors)) as pool:
        pool.warm_up(should_stop)
        yield pool


def log_ready(ready: Ready) -> None:
    """Say what is broken and what the weights may be used for."""
    for broken in ready.broken:
        log.warning("plugin broken", extra={"plugin": broken})
    for use in ready.permitted_use:
        log.info("permitted use", extra={"weights": use})


def log_event(event: Message, path: str) -> None:
    """Keep a trace of a job's steps for whoever asks for it."""
    job = None if isinstance(event, Ready) else event.task_id
    log.debug(type(event).__name__, extra={"job": job, "path": path})


class Run:
    """Jobs of one database on their way through an executor, which is closed with it.

    `wait` is given the seconds to wait while the database does not answer. The other parameters are the dispatcher's.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        executor: Executor,
        wait: Callable[[float], object],
        *,
        only: Collection[int] | None = None,
        is_default: bool = True,
        is_away: Callable[[str], bool] = lambda path: False,
        on_ready: Callable[[Ready], None] = log_ready,
        on_event: Callable[[Message, str], None] = log_event,
        on_ended: Callable[[Ended], None] = lambda ended: None,
    ) -> None:
        self._engine, self._executor = engine, executor
        self._on_ready, self._on_event, self._on_ended = on_ready, on_event, on_ended
        self._notifier = Notifier(settings)
        self._left: set[int] = set()
        self._unreported: list[int] = []
        self.backoff = Backoff(wait)
        self.dispatcher = Dispatcher(
            engine,
            executor,
            only=only,
            is_default=is_default,
            is_away=is_away,
            on_ready=self._ready,
            on_event=self._follow,
            on_ended=self._ended,
            keep=partial(keep_artifacts, settings),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def work_off(
        self,
        left: set[int],
        report: Callable[[int], None] = lambda job_id: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Work until every job in `left` has ended, here or in a daemon on the same database, and take it out of there.

        `report` is given each; when it raises UnreachableError, it is given the same one again later. What is under
        way at the end, which is so only when this is broken off, goes back into the queue.
        """
        self._left = left
        try:
            while left and not should_stop():
                with self.backoff.patience():
                    self._turn(report)
        finally:
            if self.dispatcher.busy:
                self.dispatcher.hand_back()

    def _turn(self, report: Callable[[int], None]) -> None:
        """Work a little, and report what has ended."""
        self.dispatcher.step(STEP_S)
        if not self._unreported and not self.dispatcher.busy:
            with reading(self._engine) as session:
                self._unreported += queries.ended_jobs(session, self._left)
        while self._unreported:
            report(self._unreported[0])
            self._left.discard(self._unreported.pop(0))

    def stop(self, within_s: float) -> None:
        """Let what is under way finish for so long, and put the rest back into the queue."""
        until = time.monotonic() + within_s
        while self.dispatcher.busy and time.monotonic() < until:
            self.dispatcher.step(STEP_S, claim=False)
        self.dispatcher.hand_back()

    def close(self) -> None:
        """End the workers and the process that tells plugins of verdicts."""
        self._executor.close()
        self._notifier.close()

    def _ready(self, ready: Ready) -> None:
        self._notifier.follow(ready)
        self._on_ready(ready)

    def _follow(self, event: Message, path: str) -> None:
        self._notifier.follow(event)
        self._on_event(event, path)

    def _ended(self, ended: Ended) -> None:
        self._notifier.ended(ended)
        if ended.job_id in self._left:
            self._unreported.append(ended.job_id)
        self._on_ended(ended)
