"""The work behind the pages, in two threads: a daemon on the inbox, and what was asked for with parameters of its own.

The first is the same Service as in `forensics watch`. It takes jobs of the default pipeline only; an upload with another
number of frames or fewer detectors is like a `scan` with these flags, and the second thread does those, one pipeline
after the other. Both find their jobs in the database, so a stop or a crash loses nothing.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from ..clock import utc_now
from ..daemon.backoff import Backoff
from ..daemon.run import Run, ready_pool
from ..daemon.service import Service
from ..errors import ErrorCode, ForensicsError, UnreachableError
from ..records import Failure
from ..settings import Settings
from ..store import jobs
from ..store.database import reading, writing
from ..store.queries import jobs as job_queries
from ..workers.pool import ProcessPool

log = logging.getLogger(__name__)

LOOK_S = 0.5
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
        with ready_pool(self.settings, should_stop=self.stop.is_set) as pool:
            service = Service(self.engine, self.settings, [self.inbox], pool)
            self.trouble.pop("daemon", None)
            service.run(self.stop)

    def _ask(self) -> None:
        backoff = Backoff(self.stop.wait)
        while not self.stop.is_set():
            waiting: dict[int, dict[str, Any]] = {}
            with backoff.patience():
                with reading(self.engine) as session:
                    waiting = job_queries.asked_jobs(session, str(self.inbox), utc_now())
                self.trouble.pop("asked", None)
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
        self._engine, self._left = engine, set(ids)
        frames = int(parameters.get("frames", settings.frames))
        self._settings = replace(settings, frames=frames, metrics_port=0)
        self._detectors: Sequence[str] = parameters.get("detectors", ())

    def run(self, stop: threading.Event) -> None:
        """Work until these jobs have ended, or until told to stop."""
        try:
            with ready_pool(self._settings, self._detectors, stop.is_set) as pool:
                self._work(pool, stop)
        except UnreachableError:
            raise
        except ForensicsError as error:
            self._fail(error)

    def _work(self, pool: ProcessPool, stop: threading.Event) -> None:
        known = self._engine, self._settings, pool, stop.wait
        with Run(*known, only=self._left, is_default=False) as run:
            run.work_off(self._left, should_stop=stop.is_set)

    def _fail(self, error: ForensicsError) -> None:
        """Fail the jobs: nothing can do them, such as a detector that is there no more."""
        with writing(self._engine) as session:
            for claim in jobs.claim(session, utc_now(), len(self._left), only=self._left):
                failure = Failure(ErrorCode.INTERNAL, str(error))
                jobs.fail(session, claim, failure, utc_now())
