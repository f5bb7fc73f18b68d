"""Landlock: a process gives up rights for good, for itself and all its threads to come, without being privileged.

The system calls are made through ctypes: the packages that wrap them were all pre-releases or younger than a year when
this was written, and three calls are all there is. Source of the numbers and of the structures: the kernel's
`include/uapi/linux/landlock.h`, described at https://docs.kernel.org/userspace-api/landlock.html.
"""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture but alpha
WITH_VERSION = 1
PATH_BENEATH = 1
NO_NEW_PRIVS = 38

WRITE_FILE, MAKE_AND_REMOVE = 1 << 1, sum(1 << bit for bit in range(4, 13))
REFER, TRUNCATE = 1 << 13, 1 << 14
BIND_TCP, CONNECT_TCP = 1 << 0, 1 << 1
ABSTRACT_SOCKETS, SIGNALS = 1 << 0, 1 << 1
TCP_ABI, SCOPE_ABI = 4, 6


class Ruleset(ctypes.Structure):
    """`struct landlock_ruleset_attr`: what is forbidden unless a rule allows it."""

    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class PathBeneath(ctypes.Structure):
    """`struct landlock_path_beneath_attr`: what is allowed below a folder."""

    _layout_ = "ms"
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("fd", ctypes.c_int32))


def abi() -> int:
    """Return the version of Landlock that the kernel speaks, 0 where it has none or it is switched off."""
    try:
        return call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(WITH_VERSION))
    except OSError:
        return 0


def changing(version: int) -> int:
    """Return the rights by which files and folders are changed, as far as this version knows them."""
    later = (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    return WRITE_FILE | MAKE_AND_REMOVE | later


def restrict(folders: Sequence[Path], devices: Sequence[Path] = ()) -> int:
    """Let this thread and those it starts change files below some folders only, and write to some devices.

    From version 4 on it can't listen at or connect to TCP ports either, from 6 on not send signals to processes
    outside, nor reach their abstract sockets. Reading, UDP, and sockets in the file system stay as they were. Returns
    the version; with 0 nothing was restricted. Raises OSError.
    """
    version = abi()
    if version == 0:
        return 0
    forbidden = Ruleset(
        changing(version),
        BIND_TCP | CONNECT_TCP if version >= TCP_ABI else 0,
        ABSTRACT_SOCKETS | SIGNALS if version >= SCOPE_ABI else 0,
    )
    rules = call(
        CREATE_RULESET, ctypes.byref(forbidden), ctypes.c_size_t(ctypes.sizeof(forbidden)), 0
    )
    try:
        for folder in folders:
            allow(rules, folder, changing(version))
        for device in devices:
            allow(rules, device, changing(version) & (WRITE_FILE | TRUNCATE))
        give_up_privileges()
        call(RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
    finally:
        os.close(rules)
    return version


def allow(rules: int, path: Path, rights: int) -> None:
    """Allow rights on a path and below it."""
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = PathBeneath(rights, fd)
        call(ADD_RULE, ctypes.c_int(rules), PATH_BENEATH, ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(fd)


def give_up_privileges() -> None:
    """Rule out that a program started from here gains rights; the kernel asks for that first."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(NO_NEW_PRIVS, ctypes.c_ulong(1), *[ctypes.c_ulong(0)] * 3):
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")


def call(number: int, *arguments: object) -> int:
    """Make a system call and return its result. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    result: int = libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
