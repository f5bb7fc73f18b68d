"""What this machine allows: events for watched folders, memory, disk, open files, and the confinement of workers."""

import resource
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..process import sandbox
from ..settings import Settings, data_dir

LEAST_WATCHES = 8192  # one for each folder below a watched one
LEAST_INSTANCES = 16
LEAST_FREE_MB = 500
LEAST_OPEN_FILES = 256


@dataclass(frozen=True)
class Line:
    """One thing looked at: `advice` is the next command, and empty when all is well."""

    what: str
    state: str
    advice: str = ""


def look(settings: Settings) -> Iterator[Line]:
    """Look at every limit."""
    yield from inotify()
    yield memory(settings)
    yield disk(data_dir())
    yield open_files()
    yield confinement(settings)


def inotify(folder: Path = Path("/proc/sys/fs/inotify")) -> Iterator[Line]:
    """Look at how many folders can be watched by events; where that is too few, listing often does instead."""
    for name, least in (
        ("max_user_watches", LEAST_WATCHES),
        ("max_user_instances", LEAST_INSTANCES),
    ):
        try:
            value = int((folder / name).read_text(encoding="ascii"))
        except OSError:
            return
        few = value < least
        advice = f"run 'sysctl fs.inotify.{name}={least}' as root, or set FORENSICS_WATCHER=polling"
        yield Line(f"inotify {name}", str(value), advice if few else "")


def memory(settings: Settings, meminfo: Path = Path("/proc/meminfo")) -> Line:
    """Compare what the workers may take with what there is."""
    wanted = settings.workers * settings.memory_mb
    allowance = f"{settings.workers} workers may take {settings.memory_mb} MB each"
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text("ascii").splitlines())
        total = int(lines["MemTotal"].split()[0]) * 1024 // sandbox.MB
        free = int(lines["MemAvailable"].split()[0]) * 1024 // sandbox.MB
    except (OSError, KeyError, ValueError):
        return Line("memory", f"{allowance}; how much there is can't be told here")
    if wanted <= total:
        return Line("memory", f"{allowance}; {free} of {total} MB are available")
    fits = max(int(total // settings.memory_mb), 1)
    advice = f"set FORENSICS_WORKERS={fits}" if fits < settings.workers else ""
    less = f"set FORENSICS_MEMORY_MB={int(total * 0.8)}"
    return Line("memory", f"{allowance}; there are {total} MB", advice or less)


def disk(folder: Path) -> Line:
    """Look at the room where the database grows."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free // sandbox.MB
    advice = f"make room on the disk of {there}: verdicts and evidence are written there"
    return Line("disk", f"{free} MB are free for {folder}", advice if free < LEAST_FREE_MB else "")


def open_files() -> Line:
    """Look at how many descriptors a process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = soft != resource.RLIM_INFINITY and soft < LEAST_OPEN_FILES
    return Line("open files", str(soft), f"run 'ulimit -n {min(hard, 1024)}'" if few else "")


def confinement(settings: Settings) -> Line:
    """Say what keeps a worker from writing, connecting and signalling, and what this kernel can't keep it from.

    It is no fault that a command could mend, so it is said and asks for nothing.
    """
    if not settings.contained:
        return Line("confinement", "switched off by the setting 'contained'")
    if sys.platform != "linux":
        return Line("confinement", "none on this system; let its supervisor confine the daemon")
    from ..process import landlock

    version = landlock.abi()
    lacking = ", ".join(sandbox.lacking(version)) or "nothing"
    return Line("confinement", f"Landlock {version or 'not there'}; not kept from: {lacking}")
