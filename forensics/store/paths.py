"""Paths as the database keeps them: raw bytes, a hash of these for the index, and text that can be shown.

The hash is there because PostgreSQL indexes no value over 2.7 kB, and a path may have 4 kB.
"""

import hashlib
import os

from ..escaping import shown, unshown

__all__ = ["hashed", "raw", "shown", "unshown"]


def raw(path: str) -> bytes:
    """Return the bytes of a path that came from `os.fsdecode`."""
    return os.fsencode(path)


def hashed(path: str) -> str:
    """Return the SHA-256 of a path's bytes, by which it is found."""
    return hashlib.sha256(raw(path)).hexdigest()
