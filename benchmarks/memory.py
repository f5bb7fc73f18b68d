"""Memory of the daemon and of its processes, idle and at work, and what the parent has loaded."""

import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from .clips import variants
from .daemon import Daemon, watching
from .report import Cell, Part, say

LOOK_S = 0.1
HEAVY = ("libtorch", "libav", "cv2", "_multiarray_umath")
PARTS = ("VmRSS", "Pss")


def memory_mb(pid: int) -> tuple[float, float]:
    """Return a process's resident memory, and its share of it (PSS): what is shared counts in parts."""
    found = dict.fromkeys(PARTS, 0.0)
    for file in ("status", "smaps_rollup"):
        text = Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8")
        for name, kilobytes in re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE):
            if name in found:
                found[name] = int(kilobytes) / 1024
    return found["VmRSS"], found["Pss"]


def below(pid: int) -> list[int]:
    """Return the processes that a process started, and those that these started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text(encoding="utf-8").split()):
            found += [child, *below(child)]
    return found


def heavy_libraries(pid: int) -> list[str]:
    """Return which of the heavy libraries a process has mapped."""
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    return [name for name in HEAVY if name in maps]


def heavy_modules() -> str:
    """Return the heavy modules that are imported with the daemon's command."""
    code = (
        "import forensics.cli.watch, sys; "
        "print(*({'torch', 'cv2', 'av', 'numpy'} & set(sys.modules)) or ['none'])"
    )
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def kinds(daemon: Daemon) -> dict[str, list[int]]:
    """Return the daemon's processes by what they do."""
    found: dict[str, list[int]] = {"parent": [daemon.process.pid], "fork server": [], "worker": []}
    for pid in below(daemon.process.pid):
        line = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
        if "resource_tracker" in line:
            continue
        own = {int(n) for n in children_of(pid)}
        found["fork server" if own else "worker"].append(pid)
    return found


def children_of(pid: int) -> list[str]:
    """Return the numbers of a process's children."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()


def highest(daemon: Daemon, files: Sequence[Path]) -> dict[str, tuple[float, float]]:
    """Return each kind of process's highest memory while the daemon works on files."""
    found: dict[str, tuple[float, float]] = {}
    work = threading.Thread(target=daemon.work, args=(files,))
    work.start()
    while work.is_alive():
        for kind, now in measured(daemon).items():
            before = found.get(kind, (0.0, 0.0))
            found[kind] = max(before[0], now[0]), max(before[1], now[1])
        work.join(LOOK_S)
    return found


def measured(daemon: Daemon) -> dict[str, tuple[float, float]]:
    """Return the memory of the largest process of each kind."""
    return {
        kind: max(memory_mb(pid) for pid in pids) for kind, pids in kinds(daemon).items() if pids
    }


def part(clips: Sequence[Path]) -> Part:
    """Measure one daemon with one worker."""
    say("memory")
    with tempfile.TemporaryDirectory() as folder, watching(1) as daemon:
        idle = measured(daemon)
        files = list(variants(list(clips), Path(folder), "memory"))
        busy = highest(daemon, files)
        libraries = heavy_libraries(daemon.process.pid)
    rows: list[tuple[Cell, ...]] = [
        (kind, *idle.get(kind, (None, None)), *busy.get(kind, (None, None))) for kind in busy
    ]
    notes = [
        f"heavy libraries mapped by the parent: {', '.join(libraries) or 'none'}",
        f"torch, cv2, av or numpy among the modules of its command: {heavy_modules()}",
        "PSS counts shared pages in parts; the fork server and its workers share theirs",
    ]
    columns = ("MiB", "idle RSS", "idle PSS", "at work RSS", "at work PSS")
    return Part("memory", "Memory of the daemon's processes", columns, rows, notes)
