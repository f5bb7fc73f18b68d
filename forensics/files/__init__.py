"""Files that are written whole or not at all, and the hash that names what is in one."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HALF = ".half-"
"""How the name of a file begins that is still being written; one that stays is of a process that was killed."""


@contextmanager
def whole(path: Path, *, mode: int = 0o666, sync: bool = False) -> Iterator[Path]:
    """Give an empty file beside `path` to write to, which takes its place at the end and is removed if that fails.

    So it is whatever ends this process, and with `sync` the machine. `mode` has the rights that the umask may still
    take away. Raises OSError.
    """
    half = path.with_name(HALF + secrets.token_hex(8))
    os.close(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode))
    try:
        yield half
        if sync:
            with half.open("rb") as file:
                os.fsync(file.fileno())
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes, *, mode: int = 0o666, sync: bool = False) -> None:
    """Write a file as `whole` does."""
    with whole(path, mode=mode, sync=sync) as half:
        half.write_bytes(data)


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal, read as a stream. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
