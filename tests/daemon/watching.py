"""Waiting for a watcher to name a path."""

import time

from forensics.daemon.watcher import Watcher


def is_named(watcher: Watcher, path: str, within_s: float = 30.0) -> bool:
    """Say whether an event names a path in time; what else is named is dropped."""
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        if path in watcher.take():
            return True
        time.sleep(
            0.01
        )  # the kernel tells a thread of the watcher's, which has nothing to wait for
    return False
