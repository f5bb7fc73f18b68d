"""How long whole `forensics` processes take that only say something."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from forensics.store import jobs, migrate
from forensics.store.database import connect, writing

from .report import Cell, Part, say

COMMANDS = (["--help"], ["status"], ["results"], ["results", "--json"], ["jobs", "list"])
WORST = 12
IMPORT_LINE = re.compile(r"^import time:\s+(\d+) \|\s+(\d+) \| (\s*)(\S+)$", re.MULTILINE)


def process_seconds(arguments: Sequence[str], runs: int, database: str = "") -> float:
    """Return the median time of a whole `forensics` process."""
    environment = {**os.environ, **({"FORENSICS_DATABASE_URL": database} if database else {})}
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "forensics.cli", *arguments],
            env=environment,
            check=True,
            capture_output=True,
        )
        taken.append(time.perf_counter() - started)
    return median(taken)


def worst_imports(arguments: Sequence[str], database: str) -> Iterable[str]:
    """Return the modules whose import takes longest by itself, in ms, with those they bring."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "forensics.cli", *arguments],
        env={**os.environ, "FORENSICS_DATABASE_URL": database},
        check=True,
        capture_output=True,
        text=True,
    )
    lines = [(int(m[1]), int(m[2]), m[4]) for m in IMPORT_LINE.finditer(done.stderr)]
    for own, whole, name in sorted(lines, reverse=True)[:WORST]:
        yield f"{' '.join(arguments)}: {name} {own / 1000:.1f} ms, with what it imports {whole / 1000:.1f} ms"


def small_database(folder: Path) -> str:
    """Make a database with some waiting files; returns its URL."""
    url = f"sqlite:///{folder / 'small.sqlite3'}"
    engine = connect(url)
    migrate.upgrade(engine)
    from forensics.clock import utc_now

    with writing(engine) as session:
        files = [jobs.SeenFile(f"/evidence/{n}.mp4", 1, n, n) for n in range(50)]
        jobs.sight(session, files, utc_now())
    engine.dispose()
    return url


def part(runs: int, *, why: bool) -> Part:
    """Measure the commands; `why` lists the imports that take longest."""
    say("cli")
    with tempfile.TemporaryDirectory() as folder:
        url = small_database(Path(folder))
        bare = bare_seconds(runs)
        table: list[tuple[Cell, ...]] = [("python -c pass", bare, None)]
        for arguments in COMMANDS:
            took = process_seconds(arguments, runs, url)
            table.append((f"forensics {' '.join(arguments)}", took, took - bare))
        notes = [f"median of {runs} whole processes; 50 files known"]
        if why:
            notes += [line for one in COMMANDS[:3] for line in worst_imports(one, url)]
    return Part(
        "cli", "Start of the command line", ("command", "s", "without Python"), table, notes
    )


def bare_seconds(runs: int) -> float:
    """Return how long Python itself takes."""
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        taken.append(time.perf_counter() - started)
    return median(taken)
