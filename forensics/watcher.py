"""Notices that something happened in a folder. Only wakes: what happened is found by listing."""

import errno
import logging
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

log = logging.getLogger(__name__)

EVENTS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]
WITHOUT_EVENTS = (
    "nfs",
    "cifs",
    "smb",
    "fuse",
    "9p",
    "vboxsf",
    "virtiofs",
    "afs",
    "ceph",
    "glusterfs",
)
LIMITS = {
    errno.ENOSPC: "fs.inotify.max_user_watches",
    errno.EMFILE: "fs.inotify.max_user_instances",
}


class Waker(FileSystemEventHandler):
    """Sets a flag at every event."""

    def __init__(self) -> None:
        self.woken = threading.Event()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Set the flag."""
        self.woken.set()


class Watcher:
    """Watches folders where the file system gives events; `polls` says that listing often must do instead."""

    def __init__(self, folders: Sequence[Path], mode: str) -> None:
        self._waker = Waker()
        self._observer = Observer()
        self.polls = mode == "polling"
        for folder in () if mode == "polling" else folders:
            self._watch(folder, mode)
        self._observer.start()

    def take(self) -> bool:
        """Say whether anything happened since the last call."""
        woken = self._waker.woken.is_set()
        self._waker.woken.clear()
        return woken

    def close(self) -> None:
        """Stop watching."""
        self._observer.stop()
        self._observer.join()

    def _watch(self, folder: Path, mode: str) -> None:
        kind = file_system(folder)
        if mode == "auto" and kind.startswith(WITHOUT_EVENTS):
            log.info("polling", extra={"folder": folder, "file_system": kind})
            self.polls = True
            return
        try:
            self._observer.schedule(
                self._waker, os.fspath(folder), recursive=True, event_filter=EVENTS
            )
        except OSError as error:
            limit = LIMITS.get(error.errno or 0, "")
            advice = f"raise the kernel's {limit} with sysctl" if limit else str(error)
            log.warning("polling: no events", extra={"folder": folder, "why": advice})
            self.polls = True


def file_system(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """Return the type of the file system that holds a folder, or an empty text where that can't be told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    best = ("", "")
    for line in lines:
        _, place, kind = line.split(" ")[:3]
        place = place.encode("latin-1", "surrogateescape").decode("unicode_escape")
        if folder.absolute().is_relative_to(place) and len(place) >= len(best[0]):
            best = (place, kind)
    return best[1]
