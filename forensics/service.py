"""The daemon's life: list, queue, dispatch, beat, and stop without losing anything."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from .backoff import Backoff
from .dispatch import Dispatcher, Ended, utc_now
from .errors import UnreachableError
from .events import Message, Ready
from .executor import Executor
from .intake import Settling, listing
from .settings import Settings
from .store import jobs
from .store.database import chunks, reading, writing
from .watcher import Watcher

log = logging.getLogger(__name__)

BEAT_S = 10.0
SIGHT_CHUNK = (
    5000  # files queued in one transaction: other writers wait no longer than they are ready to
)
WOKEN_S = 0.3
POLL_S = 2.0
STEP_S = 0.1
LISTING_SHARE = 0.2  # of the time, at most, goes into listings that events ask for
PATIENCE = 3.0  # settle times that one pass waits for a file that keeps changing


class Intake:
    """Queues the files of the watched folders once they are ready."""

    def __init__(self, engine: Engine, settings: Settings, folders: Sequence[Path]) -> None:
        self._engine, self._folders = engine, folders
        self._settling = Settling(settings.settle_s)

    @property
    def waiting(self) -> int:
        """Return the number of files that are still settling."""
        return self._settling.waiting

    def next_due(self, now: float) -> float | None:
        """Return the seconds until a file could be ready."""
        return self._settling.next_due(now)

    def take_in(self, now: float, meanwhile: Callable[[], None]) -> int:
        """List the folders and queue what is new and settled; returns how many files.

        `meanwhile` is called often, for what can't wait: listing a million files takes a while.
        """
        ready = self._settling.settled(list(self._unknown(meanwhile)), now)
        for files in chunks(ready, SIGHT_CHUNK):
            meanwhile()
            with writing(self._engine) as session:
                jobs.sight(session, files, utc_now())
        for file in ready:
            log.info("queued", extra={"path": file.path, "bytes": file.size_bytes})
        return len(ready)

    def _unknown(self, meanwhile: Callable[[], None]) -> Iterator[jobs.SeenFile]:
        for files in chunks(listing(self._folders)):
            meanwhile()
            with reading(self._engine) as session:
                yield from jobs.unknown(session, files)


class Service:
    """Watches folders until told to stop. Everything that must survive is in the database."""

    def __init__(
        self, engine: Engine, settings: Settings, folders: Sequence[Path], executor: Executor
    ) -> None:
        self._engine, self._settings, self._folders = engine, settings, folders
        self._executor = executor
        self._intake = Intake(engine, settings, folders)
        self._dispatcher = Dispatcher(
            engine, executor, on_ready=log_ready, on_event=log_event, on_ended=self._ended
        )
        self._daemon_id: int | None = None
        self._listed = self._beaten = float("-inf")
        self._listing_s = self._worked = 0.0
        self.failed = 0

    def run(self, stop: threading.Event, *, once: bool = False) -> None:
        """Work until `stop` is set, or with `once` until everything found has ended; then shut down."""
        backoff = Backoff(stop.wait)
        watcher = Watcher(self._folders, self._settings.watcher)
        log.info("watching", extra={"folders": [str(f) for f in self._folders]})
        try:
            while not stop.is_set() and not (once and self._idle()):
                self._turn(watcher, backoff)
        finally:
            watcher.close()
            self._shut_down()

    def _turn(self, watcher: Watcher, backoff: Backoff) -> None:
        """Do what is due; while the database does not answer, wait longer each time and lose nothing."""
        try:
            now = time.monotonic()
            self._beat(now)
            if self._is_listing_due(watcher, now):
                if self._intake.take_in(now, self._go_on):
                    self._dispatcher.look_again()
                self._listed, self._listing_s = now, time.monotonic() - now
            self._dispatcher.step(STEP_S)
            backoff.worked()
        except UnreachableError as error:
            backoff.failed(error)

    def _go_on(self) -> None:
        """Keep the workers busy while something else takes long."""
        self._dispatcher.step(0.0)

    def _is_listing_due(self, watcher: Watcher, now: float) -> bool:
        since = now - self._listed
        due = self._intake.next_due(now)
        often = POLL_S if watcher.polls else self._settings.rescan_s
        if since >= often or (due is not None and due <= 0):
            return True
        return since >= max(WOKEN_S, self._listing_s / LISTING_SHARE) and watcher.take()

    def _beat(self, now: float) -> None:
        if now - self._beaten < BEAT_S:
            return
        with writing(self._engine) as session:
            daemon_id = self._daemon_id or self._introduce(session)
            jobs.beat(session, daemon_id, utc_now())
        self._daemon_id, self._beaten = daemon_id, now

    def _introduce(self, session: Session) -> int:
        folders = [str(folder) for folder in self._folders]
        return jobs.start_daemon(session, folders, self._settings.workers, utc_now())

    def _idle(self) -> bool:
        """Say whether one pass is over: listed, nothing queued or running, and nothing settling for much longer."""
        if self._listed == float("-inf") or self._is_working():
            self._worked = time.monotonic()
            return False
        if not self._intake.waiting:
            return True
        patient = time.monotonic() - self._worked < PATIENCE * self._settings.settle_s
        if not patient:
            log.warning(
                "left for the next pass: still changing", extra={"files": self._intake.waiting}
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
        until = time.monotonic() + self._settings.stop_s
        try:
            while self._dispatcher.busy and time.monotonic() < until:
                self._dispatcher.step(STEP_S, claim=False)
            self._dispatcher.hand_back()
            if self._daemon_id is not None:
                with writing(self._engine) as session:
                    jobs.stop_daemon(session, self._daemon_id, utc_now())
        except UnreachableError as error:
            log.warning(
                "stopped without the database; leases will expire", extra={"why": str(error)}
            )
        finally:
            self._executor.close()
        log.info("stopped")

    def _ended(self, ended: Ended) -> None:
        self.failed += ended.failure is not None
        if ended.failure:
            log.warning("failed", extra={"path": ended.path, "error": ended.failure.code.value})
        else:
            log.info("verdict", extra={"path": ended.path, "verdict": ended.verdict_id})


def log_ready(ready: Ready) -> None:
    """Say what is broken and what the weights may be used for."""
    for broken in ready.broken:
        log.warning("plugin broken", extra={"plugin": broken})
    for use in ready.permitted_use:
        log.info("permitted use", extra={"weights": use})


def log_event(event: Message, path: str) -> None:
    """Keep a trace of a job's steps for whoever asks for it."""
    log.debug(type(event).__name__, extra={"path": path})
