"""The work behind the pages, in two threads: a daemon on the inbox, and what was asked for with parameters of its own.

The first is the same Service as in `forensics watch`. It takes jobs of the default pipeline only; an upload with another
number of frames or fewer detectors is like a `scan` with these flags, and the second thread does those, one pipeline
after the other. Both find their jobs in the database, so a stop or a crash loses nothing.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from ..analysis.messages import Message
from ..clock import utc_now
from ..daemon.backoff import Backoff
from ..daemon.dispatcher import Dispatcher
from ..daemon.notifier import Announcer
from ..daemon.service import Service, log_event, log_ready
from ..errors import ErrorCode, ForensicsError, UnreachableError
from ..evidence.folder import keep_artifacts
from ..records import Failure
from ..settings import Settings
from ..store import jobs, queries
from ..store.database import reading, writing
from ..store.queries import jobs as job_queries
from ..workers.pool import ProcessPool

log = logging.getLogger(__name__)

LOOK_S = 0.5
STEP_S = 0.1
AGAIN_S = 15.0  # after what ended a thread's work, it begins anew


@dataclass
class Work:
    """Both threads. `trouble` has, by thread, what keeps it from working just now."""

    engine: Engine
    settings: Settings
    inbox: Path
    stop: threading.Event = field(default_factory=threading.Event)
    trouble: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._threads = [
            threading.Thread(target=self._keep, args=(name, work), name=name, daemon=True)
            for name, work in (("daemon", self._watch), ("asked", self._ask))
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Let running jobs finish for `stop_s`, and hand back the rest."""
        self.stop.set()
        for thread in self._threads:
            thread.join(self.settings.stop_s + 10)

    def _keep(self, name: str, work: Callable[[], None]) -> None:
        """Work until told to stop; what goes wrong is said on the status page, and it is tried again."""
        while not self.stop.is_set():
            try:
                work()
            except ForensicsError as error:
                log.error("%s: %s", name, error)
                self.trouble[name] = str(error)
            except Exception as error:
                log.exception("%s ended", name)
                self.trouble[name] = f"{type(error).__name__}; the log says more"
            if name in self.trouble:
                self.stop.wait(AGAIN_S)

    def _watch(self) -> None:
        pool = ProcessPool(self.settings)
        try:
            pool.warm_up(self.stop.is_set)
            service = Service(self.engine, self.settings, [self.inbox], pool)
            self.trouble.pop("daemon", None)
            service.run(self.stop)
        finally:
            pool.close()

    def _ask(self) -> None:
        backoff = Backoff(self.stop.wait)
        while not self.stop.is_set():
            try:
                with reading(self.engine) as session:
                    waiting = job_queries.asked_jobs(session, str(self.inbox), utc_now())
                backoff.worked()
                self.trouble.pop("asked", None)
            except UnreachableError as error:
                backoff.failed(error)
                continue
            if waiting:
                parameters = next(iter(waiting.values()))
                ids = {n for n, wanted in waiting.items() if wanted == parameters}
                SpecialJobs(self.engine, self.settings, parameters, ids).run(self.stop)
            self.stop.wait(LOOK_S)


class SpecialJobs:
    """Some jobs of one pipeline that is not the default one."""

    def __init__(
        self, engine: Engine, settings: Settings, parameters: dict[str, Any], ids: set[int]
    ) -> None:
        self._engine, self._left, self._ids = engine, set(ids), ids
        frames = int(parameters.get("frames", settings.frames))
        self._settings = replace(settings, frames=frames, metrics_port=0)
        self._detectors: Sequence[str] = parameters.get("detectors", ())

    def run(self, stop: threading.Event) -> None:
        """Work until these jobs have ended, or until told to stop."""
        pool, announcer = ProcessPool(self._settings, self._detectors), Announcer(self._settings)
        try:
            pool.warm_up(stop.is_set)
            self._work(pool, announcer, stop)
        except UnreachableError:
            raise
        except ForensicsError as error:
            self._fail(error)
        finally:
            pool.close()
            announcer.close()

    def _work(self, pool: ProcessPool, announcer: Announcer, stop: threading.Event) -> None:
        dispatcher = Dispatcher(
            self._engine,
            pool,
            only=self._ids,
            is_default=False,
            on_ready=log_ready,
            on_event=partial(follow, announcer),
            on_ended=announcer.ended,
            keep=partial(keep_artifacts, self._settings),
        )
        backoff = Backoff(stop.wait)
        while self._left and not stop.is_set():
            try:
                dispatcher.step(STEP_S)
                if not dispatcher.busy:
                    with reading(self._engine) as session:
                        self._left -= set(queries.ended_jobs(session, self._left))
                backoff.worked()
            except UnreachableError as error:
                backoff.failed(error)
        if dispatcher.busy:
            dispatcher.hand_back()

    def _fail(self, error: ForensicsError) -> None:
        """Fail the jobs: nothing can do them, such as a detector that is there no more."""
        with writing(self._engine) as session:
            for claim in jobs.claim(session, utc_now(), len(self._left), only=self._left):
                failure = Failure(ErrorCode.INTERNAL, str(error))
                jobs.fail(session, claim, failure, utc_now())


def follow(announcer: Announcer, event: Message, path: str) -> None:
    """Note a step of a job."""
    announcer.follow(event)
    log_event(event, path)
