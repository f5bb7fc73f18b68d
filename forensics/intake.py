"""Folders to files that are ready. The listing decides; events only say when to list again.

watchdog's inotify backend can lose events when the kernel's queue overflows (gorakhargosh/watchdog #654), network
folders give none, and both are no matter here: every file is found by the next listing.
"""

import logging
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from .store.jobs import SeenFile

log = logging.getLogger(__name__)

IGNORED = (
    ".*",
    "@eaDir",
    "Thumbs.db",
    "desktop.ini",
    "*.part",
    "*.partial",
    "*.crdownload",
    "*.download",
    "*.tmp",
    "~*",
)


class Stat(NamedTuple):
    """What tells whether a file has changed."""

    size_bytes: int
    mtime_ns: int
    inode: int


def is_ignored(name: str) -> bool:
    """Say whether a file or folder is another program's: hidden, half-downloaded, a thumbnail store."""
    return any(fnmatch(name, pattern) for pattern in IGNORED)


Tell = Callable[[Path, str], None]


def log_unreadable(folder: Path, why: str) -> None:
    """Log a folder that can't be listed."""
    log.warning("folder can't be listed", extra={"folder": folder, "why": why})


def listing(folders: Iterable[Path], on_unreadable: Tell = log_unreadable) -> Iterator[SeenFile]:
    """Yield every regular file below the folders, each once, without following symbolic links.

    A folder of which something can't be read is named to `on_unreadable`, with the reason, and the rest is listed;
    what is missing is found when it can be read again.
    """
    for folder in outermost(folders):
        yield from files_below(folder, on_unreadable)


def outermost(folders: Iterable[Path]) -> list[Path]:
    """Return the folders that lie in no other one of them."""
    kept: list[Path] = []
    for folder in sorted({folder.absolute() for folder in folders}, key=lambda f: len(f.parts)):
        if not any(folder.is_relative_to(other) for other in kept):
            kept.append(folder)
    return kept


def files_below(folder: Path, on_unreadable: Tell) -> Iterator[SeenFile]:
    """Yield the regular files in one folder and below it."""
    below = [os.fspath(folder)]
    while below:
        path = below.pop()
        faults: list[OSError] = []
        yield from files_in(path, below, faults)
        if faults:
            on_unreadable(Path(path), faults[0].strerror or str(faults[0]))


def files_in(folder: str, below: list[str], faults: list[OSError]) -> Iterator[SeenFile]:
    """Yield the regular files in one folder; add the folders in it to `below`, refusals to `faults`."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not is_ignored(entry.name):
                    yield from seen(entry, below, faults)
    except OSError as error:  # network folders break off while they are read
        faults.append(error)


def seen(entry: "os.DirEntry[str]", below: list[str], faults: list[OSError]) -> Iterator[SeenFile]:
    """Yield a regular file, unless it vanished since the folder was read; add a folder to `below`."""
    try:
        if entry.is_dir(follow_symlinks=False):
            below.append(entry.path)
        elif entry.is_file(follow_symlinks=False):
            now = entry.stat(follow_symlinks=False)
            yield SeenFile(entry.path, now.st_size, now.st_mtime_ns, now.st_ino)
    except FileNotFoundError:
        return
    except OSError as error:
        faults.append(error)


def see(path: Path) -> SeenFile | None:
    """Return one file as named on a command line (a link is followed), or None when it is no regular file."""
    try:
        now = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(now.st_mode):
        return None
    return SeenFile(os.fspath(path.absolute()), now.st_size, now.st_mtime_ns, now.st_ino)


class Settling:
    """Remembers files that are not known yet until they have stayed the same for `settle_s`."""

    def __init__(self, settle_s: float) -> None:
        self.settle_s = settle_s
        self._since: dict[str, tuple[Stat, float]] = {}

    def settled(self, files: Sequence[SeenFile], now: float) -> list[SeenFile]:
        """Return the files of this listing that have not changed for `settle_s`, each one once.

        Files must be those not known so far; one that is no longer listed is forgotten. `now` is monotonic seconds.
        """
        before, self._since = self._since, {}
        ready: list[SeenFile] = []
        for file in files:
            state = Stat(file.size_bytes, file.mtime_ns, file.inode)
            then, since = before.get(file.path, (state, now))
            since = since if then == state else now
            if now - since >= self.settle_s:
                ready.append(file)
            else:
                self._since[file.path] = (state, since)
        return ready

    def next_due(self, now: float) -> float | None:
        """Return the seconds until the next file could be ready, or None when none is waiting."""
        if not self._since:
            return None
        return max(min(since for _, since in self._since.values()) + self.settle_s - now, 0.0)

    @property
    def waiting(self) -> int:
        """Return the number of files that are still settling."""
        return len(self._since)
