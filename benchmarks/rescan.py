"""Listing a hundred thousand known files again: how long it takes, what it opens, and whether memory grows.

The files are empty and never analysed. That nothing is opened, hence nothing hashed, is counted by an audit hook.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine

from forensics.daemon.folders import Folders
from forensics.daemon.intake import Arrivals
from forensics.store import migrate
from forensics.store.database import connect

from .memory import memory_mb
from .report import Cell, Part, say
from .rows import postgresql

IN_A_FOLDER = 1000
TIMES = 10


def fill(root: Path, files: int) -> None:
    """Write empty files, a thousand in each folder."""
    for number in range(files):
        folder = root / str(number // IN_A_FOLDER)
        folder.mkdir(exist_ok=True)
        (folder / f"clip-{number}.mp4").touch()


def opened_below(root: Path) -> Counter[str]:
    """Return a count, kept from now on, of what this process opens below a folder."""
    found: Counter[str] = Counter()

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith(str(root)):
            found["opened"] += 1

    sys.addaudithook(note)
    return found


def measured(name: str, engine: Engine, root: Path, opened: Counter[str]) -> tuple[Cell, ...]:
    """Return the row of one database."""
    arrivals = Arrivals(engine, 0.0, Folders([root]), lambda: None)
    say(f"rescan: first listing, {name}")
    arrivals.list_all(0.0, has_events=True)
    opened.clear()
    seconds, memory = [], []
    for turn in range(TIMES):
        started = time.perf_counter()
        queued = arrivals.list_all(turn + 1.0, has_events=True)
        seconds.append(time.perf_counter() - started)
        memory.append(memory_mb(os.getpid())[0])
        if queued:
            raise SystemExit(f"{name}: {queued} known files were queued again")
    order = sorted(seconds)
    times = (order[0], order[TIMES // 2], order[-1])
    return (name, *times, opened["opened"], memory[0], memory[-1])


def rows(files: int) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows of both databases."""
    with tempfile.TemporaryDirectory(prefix="forensics-rescan-") as folder:
        root = Path(folder) / "inbox"
        root.mkdir()
        fill(root, files)
        opened = opened_below(root)
        sqlite = connect(f"sqlite:///{folder}/forensics.sqlite3")
        migrate.upgrade(sqlite)
        yield measured("SQLite", sqlite, root, opened)
        sqlite.dispose()
        with postgresql() as engine:
            migrate.upgrade(engine)
            yield measured("PostgreSQL", engine, root, opened)


def part(files: int) -> Part:
    """Measure both databases."""
    columns = ("", "fastest s", "median s", "slowest s", "files opened", "MiB first", "MiB last")
    notes = [f"{TIMES} listings after the first; MiB: resident memory of this process after each"]
    return Part("rescan", f"Listing {files:,} known files again", columns, list(rows(files)), notes)
