"""The daemon's life: list, queue, dispatch, beat, and stop without losing anything."""

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ..analysis.messages import Message
from ..clock import utc_now
from ..errors import UnreachableError
from ..evidence.retention import Keeper
from ..settings import Settings
from ..store import jobs, queries
from ..store.database import reading, writing
from ..workers.executor import Executor
from . import metrics
from .active_job import Ended
from .folders import Folders
from .intake import Arrivals
from .run import STEP_S, Run, log_event
from .systemd import supervisor
from .watcher import Watcher

log = logging.getLogger(__name__)

BEAT_S = 10.0
LOOK_S = 0.1  # between looks at what events name
POLL_S = 2.0
LISTING_SHARE = 0.2  # of the time, at most, goes into listings
MANY = 10_000  # events at once: the kernel's queue, of 16,384 by default, may have overflowed
PATIENCE = 3.0  # settle times that one pass waits for a file that keeps changing
LEAST_PATIENCE_S = 5.0  # a busy machine lists late


class Service:
    """Watches folders until told to stop. Everything that must survive is in the database."""

    def __init__(
        self, engine: Engine, settings: Settings, folders: Sequence[Path], executor: Executor
    ) -> None:
        self._engine, self._settings, self._executor = engine, settings, executor
        self._folders = Folders(folders)
        self._metrics, self._supervisor = metrics.serve(settings), supervisor()
        self._run = Run(
            engine,
            settings,
            executor,
            self._wait,
            is_away=self._folders.is_away,
            on_event=self._follow,
            on_ended=self._ended,
        )
        self._dispatcher = self._run.dispatcher
        self._keeper = Keeper(settings)
        self._arrivals = Arrivals(engine, settings.settle_s, self._folders, self._go_on)
        self._daemon_id: int | None = None
        self._listed = self._beaten = self._looked = float("-inf")
        self._listing_s = self._worked = 0.0
        self._named: set[str] = set()
        self._stop = threading.Event()
        self.failed = 0

    def run(self, stop: threading.Event, *, once: bool = False) -> None:
        """Work until `stop` is set, or with `once` until everything found has ended; then shut down."""
        self._stop, self._dispatcher.is_patient = stop, not once
        watcher = Watcher(self._folders.roots, self._settings.watcher)
        log.info("watching", extra={"folders": [str(f) for f in self._folders.roots]})
        self._supervisor.ready()
        try:
            while not stop.is_set() and not (once and self._is_idle()):
                self._turn(watcher)
        finally:
            watcher.close()
            self._shut_down()

    def _turn(self, watcher: Watcher) -> None:
        """Do what is due; while the database does not answer, wait longer each time and lose nothing."""
        with self._run.backoff.patience():
            now = time.monotonic()
            self._supervisor.alive()
            self._beat(now)
            if self._take_in(watcher, now):
                self._dispatcher.look_again()
            self._dispatcher.step(STEP_S)

    def _take_in(self, watcher: Watcher, now: float) -> int:
        """List, or look where events say; returns how many files were queued."""
        if self._is_listing_due(watcher, now):
            came = self._folders.comings
            queued = self._arrivals.list_all(now, has_events=not watcher.polls)
            self._listed, self._listing_s = now, time.monotonic() - now
            if self._folders.comings > came:
                watcher.renew()
                self._listed = float("-inf")  # for what arrived before it was watched again
            return queued
        if now - self._looked < LOOK_S:
            return 0
        self._looked = now
        self._named |= watcher.take()
        if len(self._named) >= MANY:
            self._listed = float("-inf")
        queued = self._arrivals.look_at(self._named, now) if self._named else 0
        self._named.clear()
        return queued + self._arrivals.settle(now)

    def _go_on(self) -> None:
        """Keep the workers busy, and whoever looks at the daemon at ease, while something else takes long."""
        self._supervisor.alive()
        self._beat(time.monotonic())
        self._dispatcher.step(0.0)

    def _wait(self, seconds: float) -> None:
        """Wait for the database; the workers' deadlines and limits hold meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stop.is_set():
            self._supervisor.alive()
            self._dispatcher.listen(STEP_S)

    def _is_listing_due(self, watcher: Watcher, now: float) -> bool:
        often = POLL_S if watcher.polls else self._settings.rescan_s
        return now - self._listed >= max(often, self._listing_s / LISTING_SHARE)

    def _beat(self, now: float) -> None:
        if now - self._beaten < BEAT_S:
            return
        with writing(self._engine) as session:
            daemon_id = self._daemon_id or self._introduce(session)
            jobs.beat(session, daemon_id, utc_now())
        self._measure()
        self._keeper.look()
        self._daemon_id, self._beaten = daemon_id, now

    def _measure(self) -> None:
        """Bring the figures about files and queue up to date."""
        if self._metrics is None:
            return
        with reading(self._engine) as session:
            states, oldest = queries.queue(session)
        self._metrics.waiting(states.items(), oldest, utc_now())
        self._metrics.arrived(self._arrivals.counts)
        self._metrics.died(self._executor.deaths)

    def _introduce(self, session: Session) -> int:
        folders = [str(folder) for folder in self._folders.roots]
        return jobs.start_daemon(session, folders, self._settings.workers, utc_now())

    def _is_idle(self) -> bool:
        """Say whether one pass is over: listed, nothing queued or running, and nothing settling for much longer."""
        if self._listed == float("-inf") or self._is_working():
            self._worked = time.monotonic()
            return False
        if not self._arrivals.waiting:
            return True
        waits_s = max(PATIENCE * self._settings.settle_s, LEAST_PATIENCE_S)
        patient = time.monotonic() - self._worked < waits_s
        if not patient:
            log.warning(
                "left for the next pass: still changing", extra={"files": self._arrivals.waiting}
            )
        return not patient

    def _is_working(self) -> bool:
        try:
            with reading(self._engine) as session:
                return bool(self._dispatcher.busy or jobs.unfinished(session))
        except UnreachableError:
            return True

    def _shut_down(self) -> None:
        """Let running jobs finish for `stop_s`, hand back the rest, and say goodbye in the database."""
        self._supervisor.stopping()
        try:
            self._run.stop(self._settings.stop_s)
            if self._daemon_id is not None:
                with writing(self._engine) as session:
                    jobs.stop_daemon(session, self._daemon_id, utc_now())
        except UnreachableError as error:
            log.warning(
                "stopped without the database; leases will expire", extra={"why": str(error)}
            )
        finally:
            self._run.close()
        log.info("stopped")

    def _follow(self, event: Message, path: str) -> None:
        if self._metrics is not None:
            self._metrics.follow(event)
        log_event(event, path)

    def _ended(self, ended: Ended) -> None:
        if self._metrics is not None:
            self._metrics.ended(ended)
        self.failed += ended.failure is not None
        fields = {"job": ended.job_id, "path": ended.path, "sha256": ended.sha256}
        if ended.failure:
            why = {"error": ended.failure.code.value, "why": ended.failure.message}
            log.warning("failed", extra={**fields, **why})
        else:
            log.info("verdict", extra={**fields, "verdict": ended.verdict_id})
