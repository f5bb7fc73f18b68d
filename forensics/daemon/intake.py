"""Files from their first sight to the queue: looked at when an event names them, found by the next listing otherwise."""

import logging
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from ..clock import utc_now
from ..store import jobs
from ..store.database import chunks, reading, writing
from .folders import Folders
from .listing import Settling, listing, look

log = logging.getLogger(__name__)

SIGHT_CHUNK = 1000  # files queued in one transaction: other writers wait no longer than for these
LIST_CHUNK = 500


@dataclass
class Counts:
    """Files since the start: queued, those of them that no event had named, and those found to be gone."""

    queued: int = 0
    by_rescan: int = 0
    gone: int = 0


class Arrivals:
    """Queues the files of the watched folders once they have settled. What it holds is only what is settling."""

    def __init__(
        self, engine: Engine, settle_s: float, folders: Folders, meanwhile: Callable[[], None]
    ) -> None:
        self._engine, self._folders, self._meanwhile = engine, folders, meanwhile
        self._settling = Settling(settle_s)
        self._ready: list[jobs.SeenFile] = []
        self._excused: set[str] = set()  # settling files that an event named, or that were first
        self._has_listed = False
        self.counts = Counts()

    @property
    def waiting(self) -> int:
        """Return the number of files that are still settling."""
        return self._settling.waiting + len(self._ready)

    def list_all(self, now: float, *, has_events: bool) -> int:
        """List the folders, queue what has settled, and note what is gone; returns how many were queued.

        `meanwhile` is called often, for what can't wait: listing a million files takes a while.
        """
        there = self._folders.there()
        known = 0
        arrived: list[jobs.SeenFile] = []
        for files in chunks(listing(there), LIST_CHUNK):
            self._meanwhile()
            with reading(self._engine) as session:
                unknown, current = jobs.compared(session, files)
            known += current
            arrived += unknown
        paths = {file.path for file in arrived}
        self._settling.keep(paths)
        self._excused &= paths
        if not (self._has_listed and has_events):
            self._excused |= paths
        self._mark_gone([os.fspath(folder) for folder in there], known)
        self._has_listed = True
        return self._take(arrived, now)

    def look_at(self, paths: Collection[str], now: float) -> int:
        """Look at paths that events named, files and whole folders; queues what has settled and returns how many."""
        files = list(look(path for path in paths if self._folders.is_listed(path)))
        unknown: list[jobs.SeenFile] = []
        for some in chunks(files, LIST_CHUNK):
            self._meanwhile()
            with reading(self._engine) as session:
                unknown += jobs.compared(session, some)[0]
        self._excused.update(file.path for file in unknown)
        return self._take(unknown, now)

    def settle(self, now: float) -> int:
        """Look again at files whose time has come, and queue those that have not changed; returns how many."""
        due = self._settling.due(now)
        if not due and not self._ready:
            return 0
        there = list(look(due))
        self._settling.forget(set(due) - {file.path for file in there})
        return self._take(there, now)

    def _take(self, files: Iterable[jobs.SeenFile], now: float) -> int:
        """Let files settle, and queue what is ready. What the database does not take now is kept."""
        self._ready += self._settling.settled(files, now)
        queued = 0
        while some := self._ready[:SIGHT_CHUNK]:
            with writing(self._engine) as session:
                jobs.sight(session, some, utc_now())
            del self._ready[: len(some)]
            self._count(some)
            queued += len(some)
            self._meanwhile()
        return queued

    def _count(self, files: Sequence[jobs.SeenFile]) -> None:
        missed = [file for file in files if file.path not in self._excused]
        self._excused.difference_update(file.path for file in files)
        self.counts.queued += len(files)
        self.counts.by_rescan += len(missed)
        if missed:
            fields = {"files": len(missed), "since_start": self.counts.by_rescan}
            log.warning("found by rescan only: no event named them", extra=fields)
        for file in files:
            log.info("queued", extra={"path": file.path, "bytes": file.size_bytes})

    def _mark_gone(self, folders: Sequence[str], known: int) -> None:
        """Note known files that are there no more; looked for only when fewer were listed than are known."""
        if not folders:
            return
        with reading(self._engine) as session:
            if jobs.count_current(session, folders) <= known:
                return
        for gone in chunks(self._vanished(folders), SIGHT_CHUNK):
            with writing(self._engine) as session:
                self.counts.gone += jobs.mark_gone(session, gone, utc_now())
            log.info("gone", extra={"files": len(gone)})

    def _vanished(self, folders: Sequence[str]) -> Iterator[str]:
        with reading(self._engine) as session:
            missing = [f.path for f in jobs.known_files(session, folders) if is_gone(f.path)]
        yield from (path for path in missing if not self._folders.is_away(path))


def is_gone(path: str) -> bool:
    """Say whether there is no regular file of that name; one that can't be looked at may still be there."""
    try:
        return not stat.S_ISREG(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
