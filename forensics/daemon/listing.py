"""Folders to files that are ready. The listing decides; events only say where to look before the next one.

watchdog's inotify backend can lose events when the kernel's queue overflows (gorakhargosh/watchdog #654), network
folders give none, and both are no matter here: every file is found by the next listing.
"""

import logging
import os
import re
import stat
from collections.abc import Callable, Container, Iterable, Iterator
from fnmatch import translate
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from ..store.jobs import SeenFile

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
IGNORED_NAME = re.compile("|".join(map(translate, IGNORED)))


class Stat(NamedTuple):
    """What tells whether a file has changed."""

    size_bytes: int
    mtime_ns: int
    inode: int


def is_ignored(name: str) -> bool:
    """Say whether a file or folder is another program's: hidden, half-downloaded, a thumbnail store."""
    return IGNORED_NAME.match(name) is not None


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


def look(paths: Iterable[str]) -> Iterator[SeenFile]:
    """Yield the regular files at and below some paths; links and what is not there any more are left out."""
    for path in paths:
        try:
            now = os.lstat(path)
        except OSError:
            continue  # gone, or the next listing says why not
        if stat.S_ISDIR(now.st_mode):
            yield from files_below(Path(path), log_unreadable)
        elif stat.S_ISREG(now.st_mode):
            yield SeenFile(path, now.st_size, now.st_mtime_ns, now.st_ino)


class Settling:
    """Remembers files that are not known yet until they have stayed the same for `settle_s`. Times are monotonic."""

    def __init__(self, settle_s: float) -> None:
        self.settle_s = settle_s
        self._since: dict[str, tuple[Stat, float]] = {}  # in the order of their times

    def settled(self, files: Iterable[SeenFile], now: float) -> list[SeenFile]:
        """Return those of these files that have not changed for `settle_s`, each one once; the others are remembered.

        Files must be those not known so far.
        """
        return [file for file in files if self._is_settled(file, now)]

    def _is_settled(self, file: SeenFile, now: float) -> bool:
        state = Stat(file.size_bytes, file.mtime_ns, file.inode)
        then, since = self._since.get(file.path, (None, now))
        if then != state:
            self._since.pop(file.path, None)
            self._since[file.path] = (state, now)
            since = now
        if now - since < self.settle_s:
            return False
        del self._since[file.path]
        return True

    def due(self, now: float) -> list[str]:
        """Return the files that are to be looked at again."""
        timed = ((path, since) for path, (_, since) in self._since.items())
        old = takewhile(lambda timed_path: now - timed_path[1] >= self.settle_s, timed)
        return [path for path, _ in old]

    def forget(self, paths: Iterable[str]) -> None:
        """Drop files that are gone."""
        for path in paths:
            self._since.pop(path, None)

    def keep(self, paths: Container[str]) -> None:
        """Drop all files but these."""
        self.forget([path for path in self._since if path not in paths])

    @property
    def waiting(self) -> int:
        """Return the number of files that are still settling."""
        return len(self._since)
