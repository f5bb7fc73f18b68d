"""Confine a process as a worker is confined, and say how much memory it holds: for a trial of a plugin."""

import os
from pathlib import Path

from ..process import sandbox
from ..settings import Settings

KB = 1024


def confine(settings: Settings, scratch: Path) -> None:
    """Let this process write in its scratch folder only, where the settings say so."""
    if settings.contained:
        sandbox.contain(scratch)


def limit_memory(settings: Settings) -> None:
    """Let this process take no more memory than a worker may; CUDA reserves address space without measure."""
    sandbox.limit_data(settings.memory_mb if settings.device == "cpu" else 0)


def held_mb() -> float:
    """Return this process's resident memory."""
    return sandbox.resident_bytes(os.getpid()) / sandbox.MB


def peak_mb() -> float:
    """Return the most resident memory that this process has had; getrusage would tell the parent's too (proc(5))."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * KB / sandbox.MB for line in lines if "VmHWM" in line)
