"""One descriptor per file: opened once, read by position, so that everything sees the same bytes."""

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import ErrorCode, MediaError
from ..escaping import shown

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK_BYTES = 1 << 20
VANISHED = {errno.ENOENT, errno.ENOTDIR, errno.ESTALE}
LOCKED = {errno.EAGAIN, errno.EBUSY, errno.ETXTBSY, errno.EDEADLK}  # leases, shares of Windows
OUT_OF_DESCRIPTORS = {errno.EMFILE, errno.ENFILE}


@contextmanager
def descriptor(path: str, max_bytes: float) -> Iterator[int]:
    """Open a regular file for reading, without touching its access time where the system grants that.

    Raises MediaError: vanished, unreadable, busy, unsupported (not a regular file), empty or too_large.
    """
    refuse_special(path, named(path))
    fd = open_quietly(path)
    try:
        status = os.fstat(fd)
        refuse_special(path, status)
        refuse_size(path, status.st_size, max_bytes)
        yield fd
    finally:
        os.close(fd)


def named(path: str) -> os.stat_result:
    """Look before opening: opening a device can already do something."""
    try:
        return os.stat(path)  # noqa: PTH116  a Path costs nothing here but time
    except OSError as error:
        raise refusal(path, error) from error


def open_quietly(path: str) -> int:
    """Open for reading; O_NOATIME is granted to the owner and to root only, so it is tried first.

    O_NONBLOCK: a pipe that took the file's place since we looked must not hang us.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(path, flags | getattr(os, "O_NOATIME", 0))
    except PermissionError:
        pass
    except OSError as error:
        raise refusal(path, error) from error
    try:
        return os.open(path, flags)
    except OSError as error:
        raise refusal(path, error) from error


def refusal(path: str, error: OSError) -> MediaError:
    """Return what a failed look, open or read means; a lock or a lack of descriptors is no fault of the file."""
    if error.errno in LOCKED:
        reason = f"{shown(path)}: is locked by another program; close it there and try again"
        return MediaError(ErrorCode.BUSY, reason)
    if error.errno in OUT_OF_DESCRIPTORS:
        reason = f"{shown(path)}: no more files can be opened; raise 'ulimit -n' and try again"
        return MediaError(ErrorCode.BUSY, reason)
    if error.errno in VANISHED:
        return MediaError(ErrorCode.VANISHED, f"{shown(path)}: is not there any more")
    return unreadable(path, error)


def unreadable(path: str, error: OSError) -> MediaError:
    """Return the error for bytes that the system does not hand out."""
    reason = f"{shown(path)}: can't be read: {error.strerror}; check permissions and the medium"
    return MediaError(ErrorCode.UNREADABLE, reason)


def refuse_special(path: str, status: os.stat_result) -> None:
    """Raise MediaError for folders, pipes, sockets and devices."""
    if not stat.S_ISREG(status.st_mode):
        raise MediaError(ErrorCode.UNSUPPORTED, f"{shown(path)}: is not a regular file")


def refuse_size(path: str, size_bytes: int, max_bytes: float) -> None:
    """Raise MediaError for files without a byte and those over the limit."""
    if size_bytes == 0:
        raise MediaError(ErrorCode.EMPTY, f"{shown(path)}: has no content; copy it again")
    if size_bytes > max_bytes:
        reason = f"{shown(path)}: has {size_bytes / 1e6:.0f} MB, the limit is {max_bytes / 1e6:.0f}"
        raise MediaError(ErrorCode.TOO_LARGE, f"{reason}; raise max_file_mb to analyse it")


class DescriptorFile(io.RawIOBase):
    """A file object over a descriptor with a position of its own; closing it leaves the descriptor open.

    `fault` is the error of a read that the system refused, for callers whose decoder hides it.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.position = 0
        self.fault: OSError | None = None

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read on from the position; raises OSError, which is kept in `fault`."""
        try:
            count = os.preadv(self.fd, [buffer], self.position)
        except OSError as error:
            self.fault = error
            raise
        self.position += count
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move the position, past the end too."""
        bases = {os.SEEK_SET: 0, os.SEEK_CUR: self.position}
        base = bases[whence] if whence in bases else os.fstat(self.fd).st_size
        if base + offset < 0:
            raise OSError(errno.EINVAL, "seek before the start")
        self.position = base + offset
        return self.position

    def tell(self) -> int:
        """Return the position."""
        return self.position
