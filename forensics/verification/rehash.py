"""Whether a file still has the bytes that were analysed. Needs none of the libraries that decode."""

import hashlib
import os
import stat

from ..escaping import shown
from ..store.ledger.problems import Problem, ProblemKind
from ..store.queries.files import HeldFile

GONE = (FileNotFoundError, NotADirectoryError)
FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe in the file's place must not hang us


def rehashed(file: HeldFile) -> Problem | None:
    """Hash a file and say what is wrong with it: it is missing, unreadable, or has other bytes than were analysed."""
    try:
        sha256 = sha256_of(file.path)
    except GONE:
        return problem(file, ProblemKind.MISSING, "is not there any more")
    except OSError as error:
        why = error.strerror or str(error)
        return problem(file, ProblemKind.UNREADABLE, f"can't be read: {why}")
    if sha256 is None:
        return problem(file, ProblemKind.CHANGED, "is no regular file any more")
    if sha256 != file.sha256:
        was = f"SHA-256 is {sha256}, {file.sha256} was analysed"
        return problem(file, ProblemKind.CHANGED, f"has changed: {was}")
    return None


def sha256_of(path: str) -> str | None:
    """Return the hash of a file's bytes; None for what is no regular file."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116  opening a device can already do something
        return None
    with open(opened(path), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        return hashlib.file_digest(file, "sha256").hexdigest()


def opened(path: str) -> int:
    """Return a descriptor; its access time stays as it was where the system grants that (to the owner and to root)."""
    try:
        return os.open(path, FLAGS | getattr(os, "O_NOATIME", 0))
    except PermissionError:
        return os.open(path, FLAGS)


def problem(file: HeldFile, kind: ProblemKind, message: str) -> Problem:
    """Return what is wrong with a file."""
    name = shown(file.path)
    return Problem(kind, name, message, path=name, sha256=file.sha256)
