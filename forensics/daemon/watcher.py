"""Notices where something happened in a folder. What happened is found by looking there, or by listing."""

import errno
import logging
import os
import re
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
from watchdog.observers.api import BaseObserver

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
OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
LIMITS = {
    errno.ENOSPC: "fs.inotify.max_user_watches",
    errno.EMFILE: "fs.inotify.max_user_instances",
}


class Waker(FileSystemEventHandler):
    """Keeps the paths that events name until they are taken."""

    def __init__(self) -> None:
        self.woken = threading.Event()
        self._lock = threading.Lock()
        self._paths: set[str] = set()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Keep the path at which something is now."""
        with self._lock:
            self._paths.add(os.fsdecode(event.dest_path or event.src_path))
        self.woken.set()

    def take(self) -> frozenset[str]:
        """Return the paths named since the last call."""
        with self._lock:
            paths, self._paths = frozenset(self._paths), set()
            self.woken.clear()
        return paths


class Watcher:
    """Watches folders where the file system gives events; `polls` says that listing often must do instead."""

    def __init__(self, folders: Sequence[Path], mode: str) -> None:
        self._folders, self._mode = folders, mode
        self._waker = Waker()
        self._observer: BaseObserver | None = None
        self.polls = mode == "polling"
        if not self.polls:
            self._observer = self._started()
            self._watch_all()

    def take(self) -> frozenset[str]:
        """Return the paths at which something happened since the last call."""
        return self._waker.take() if self._waker.woken.is_set() else frozenset()

    def renew(self) -> None:
        """Watch anew what has gone and come back: the kernel's watch went with the folder or the mount."""
        if self._observer is not None:
            self._observer.unschedule_all()
            self._watch_all()

    def close(self) -> None:
        """Stop watching."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()

    def _started(self) -> BaseObserver | None:
        """Start before anything is watched: only then does watching a folder say that a limit is reached.

        Making an observer takes one of the kernel's few inotify instances already, and may fail.
        """
        try:
            observer = Observer()
            observer.start()
        except OSError as error:
            self._poll(error)
            return None
        return observer

    def _watch_all(self) -> None:
        for folder in self._folders:
            self._watch(folder)

    def _watch(self, folder: Path) -> None:
        kind = file_system(folder)
        if self._mode == "auto" and kind.startswith(WITHOUT_EVENTS):
            log.info("polling", extra={"folder": folder, "file_system": kind})
            self.polls = True
            return
        if self._observer is None:
            return
        try:
            self._observer.schedule(
                self._waker, os.fspath(folder), recursive=True, event_filter=EVENTS
            )
        except OSError as error:
            self._poll(error, folder)

    def _poll(self, error: OSError, folder: Path | None = None) -> None:
        limit = LIMITS.get(error.errno or 0, "")
        advice = f"raise the kernel's {limit} with sysctl" if limit else str(error)
        log.warning("polling: no events", extra={"folder": folder or "all", "why": advice})
        self.polls = True


def file_system(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """Return the type of the file system that holds a folder, or an empty text where that can't be told."""
    try:
        lines = mounts.read_bytes().split(b"\n")
    except OSError:
        return ""
    best = ("", "")
    for _, escaped, kind, *_ in (line.split(b" ") for line in lines if line):
        place = mount_point(escaped)
        if folder.absolute().is_relative_to(place) and len(place) >= len(best[0]):
            best = (place, os.fsdecode(kind))
    return best[1]


def mount_point(escaped: bytes) -> str:
    r"""Return the path that the kernel names with `\040` for a space, and raw bytes for what is not ASCII."""
    return os.fsdecode(OCTAL.sub(lambda match: bytes([int(match[1], 8)]), escaped))
