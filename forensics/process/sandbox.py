"""What a worker process may do, and how much: it reads files that strangers made, with libraries that have bugs.

| what | by | where it does not hold |
|---|---|---|
| no file is changed outside the scratch folder | Landlock | Linux before 5.13; `contained = false` |
| no TCP connection, no TCP port | Landlock, version 4 | Linux before 6.7; UDP is left to the service's supervisor |
| no signal to other processes | Landlock, version 6 | Linux before 6.12 |
| memory | data segment's limit, and the parent's look at the resident size | CUDA: the latter alone |
| time | the parent's deadline | - |
| no core dump | limit | - |
"""

import errno
import os
import resource
import sys
import tempfile
from pathlib import Path

from ..errors import SettingsError

if sys.platform == "linux":
    from . import landlock

MB = 1_000_000
PAGE_BYTES = resource.getpagesize()
SHORTAGE = (  # what torch, CUDA, OpenCV, C++ and Python say when an allocation fails
    "can't allocate memory",
    "out of memory",
    "Insufficient memory",
    "std::bad_alloc",
    "can't start new thread",
)
DEVICES = ("null", "zero", "nvidia*", "dri/*")


def contain(scratch: Path) -> tuple[str, ...]:
    """Confine this process, which must not have started a thread yet, for good; returns what can't be done here."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ["TMPDIR"] = tempfile.tempdir = str(scratch)
    devices = [device for pattern in DEVICES for device in Path("/dev").glob(pattern)]
    try:
        version = landlock.restrict([scratch], devices) if sys.platform == "linux" else 0
    except OSError as error:
        return (f"Landlock: {error.strerror}",)
    return lacking(version)


def lacking(version: int) -> tuple[str, ...]:
    """Return what this version of Landlock can't keep a worker from."""
    wanted = {
        "writing": 1,
        "cutting files off": 3,
        "TCP connections": landlock.TCP_ABI,
        "signals": landlock.SCOPE_ABI,
    }
    return tuple(what for what, since in wanted.items() if version < since)


def limit_data(memory_mb: int) -> None:
    """Let this process's data segment grow to `memory_mb` at most; allocations beyond that fail.

    Raises SettingsError when it holds more already.
    """
    if not memory_mb:
        return
    held = data_bytes(os.getpid())
    if held >= memory_mb * MB:
        raise SettingsError(
            f"memory_mb = {memory_mb}: a worker holds {held / MB:.0f} MB before its first file; "
            "raise FORENSICS_MEMORY_MB"
        )
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb * MB, memory_mb * MB))


def is_shortage(error: BaseException) -> bool:
    """Say whether an exception means that memory ran out: some libraries have words of their own for that."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in SHORTAGE)


def is_full(error: BaseException) -> bool:
    """Say whether an exception means that a disk or a quota is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def resident_bytes(pid: int) -> int:
    """Return a process's memory that is not swapped out, shared libraries included; 0 when it has ended."""
    return PAGE_BYTES * statm(pid)[1]


def data_bytes(pid: int) -> int:
    """Return the size of a process's data segment: its private memory that can be written to, used or not."""
    return PAGE_BYTES * statm(pid)[5]


def statm(pid: int) -> list[int]:
    """Return a process's sizes in pages, as proc(5) lists them, or zeros."""
    try:
        return [int(n) for n in Path(f"/proc/{pid}/statm").read_bytes().split()]
    except OSError:
        return [0] * 7


def oom_kills(vmstat: Path = Path("/proc/vmstat")) -> int:
    """Return how many processes the kernel has killed for want of memory since it started."""
    try:
        lines = vmstat.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
