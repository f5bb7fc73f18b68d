"""Ten thousand small files through a daemon with a detector that costs nothing: what intake, queue and store cost.

First a steady stream at a fixed rate, for the time from a file's last byte to its verdict, then a burst, for files per
second. The detector comes from the tests. Files are pictures of 8 x 8 pixels, each with bytes of its own.
"""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import Engine, select

from forensics.store import migrate
from forensics.store.database import connect, reading
from forensics.store.models import Job, Sighting

from .daemon import Daemon, started
from .memory import memory_mb
from .report import Cell, Part, say
from .rows import postgresql, url_of

DETECTOR = Path(__file__).parents[1] / "tests" / "distributions" / "obedient"
RATE = 50.0  # files a second in the stream
SETTLE_S = 2.0
STREAM_SHARE = 0.3  # of all files; the rest arrive at once
LOOK_S = 1.0


def picture(path: Path, number: int) -> Path:
    """Write a picture whose bytes are its own."""
    text = PngInfo()
    text.add_text("Comment", f"number={number}")
    Image.new("RGB", (8, 8)).save(path, pnginfo=text)
    return path


def stream(folder: Path, files: int) -> dict[str, datetime]:
    """Write files at RATE; returns when each was closed."""
    closed: dict[str, datetime] = {}
    begun = time.monotonic()
    for number in range(files):
        time.sleep(max(begun + number / RATE - time.monotonic(), 0.0))
        path = picture(folder / f"stream-{number}.png", number)
        closed[str(path)] = datetime.now(UTC)
    return closed


class Watch(threading.Thread):
    """Looks at a process's memory now and then."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.ended = pid, threading.Event()
        self.seen: list[float] = []

    def run(self) -> None:
        """Look until told to end."""
        while not self.ended.wait(LOOK_S):
            self.seen.append(memory_mb(self.pid)[0])

    def end(self) -> list[float]:
        """Return resident MiB at the start, after each quarter and at the end."""
        self.ended.set()
        self.join()
        last = len(self.seen) - 1
        return [self.seen[last * quarter // 4] for quarter in range(5)] if self.seen else []


def latencies(engine: Engine, closed: dict[str, datetime]) -> list[float]:
    """Return the seconds from closed to stored of the files of a stream."""
    ended = select(Sighting.path, Job.finished_at).join(Job, Job.sighting_id == Sighting.id)
    with reading(engine) as session:
        return [
            (at - closed[path]).total_seconds()
            for path, at in session.execute(ended)
            if path in closed and at
        ]


@contextmanager
def daemon(engine: Engine, root: Path, workers: int) -> Iterator[Daemon]:
    """Start a daemon with the fake detector on a database."""
    environment = {
        **os.environ,
        "FORENSICS_DATABASE_URL": url_of(engine),
        "FORENSICS_PLUGINS": "obedient",
        "FORENSICS_SETTLE_S": str(SETTLE_S),
        "FORENSICS_DEVICE": "cpu",
        "PYTHONPATH": str(DETECTOR),
    }
    (root / "inbox").mkdir()
    with started(root / "inbox", engine, ["--workers", str(workers)], environment) as one:
        yield one


def soaked(engine: Engine, files: int, workers: int) -> tuple[list[float], float, list[float]]:
    """Return the stream's latencies, the burst's files per second, and the parent's memory over time."""
    with tempfile.TemporaryDirectory(prefix="forensics-soak-") as folder:
        root = Path(folder)
        burst = [root / "made" / f"burst-{number}.png" for number in range(files)]
        (root / "made").mkdir()
        streamed = int(files * STREAM_SHARE)
        for number, path in enumerate(burst[streamed:]):
            picture(path, streamed + number)
        with daemon(engine, root, workers) as one:
            watch = Watch(one.process.pid)
            watch.start()
            closed = stream(one.folder, streamed)
            one.dropped += streamed
            one.wait()
            rate = (files - streamed) / one.work(burst[streamed:])
            return latencies(engine, closed), rate, watch.end()


def measured(name: str, engine: Engine, files: int, workers: int) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows of one database."""
    say(f"soak: {files:,} files, {name}")
    waited, rate, memory = soaked(engine, files, workers)
    if len(waited) != int(files * STREAM_SHARE):
        raise SystemExit(f"{name}: {len(waited)} of the stream's files have ended")
    cuts = quantiles(waited, n=100)
    yield (name, cuts[49], cuts[94], cuts[98], rate, *memory)


def part(files: int, workers: int = 4) -> Part:
    """Measure both databases."""
    with tempfile.TemporaryDirectory(prefix="forensics-soak-") as folder:
        sqlite = connect(f"sqlite:///{folder}/forensics.sqlite3")
        migrate.upgrade(sqlite)
        rows = list(measured("SQLite", sqlite, files, workers))
        sqlite.dispose()
    with postgresql() as engine:
        migrate.upgrade(engine)
        rows += measured("PostgreSQL", engine, files, workers)
    columns = ("", "p50 s", "p95 s", "p99 s", "files/s", *(f"MiB {q}/4" for q in range(5)))
    streamed = int(files * STREAM_SHARE)
    notes = [
        f"{streamed:,} files at {RATE:.0f} a second, from closed to verdict stored, settle time {SETTLE_S:.0f} s; then "
        f"{files - streamed:,} at once, files a second from the first start to the last end; {workers} workers",
        "MiB: resident memory of the parent over time",
    ]
    return Part("soak", f"{files:,} small files with a fake detector", columns, rows, notes)
