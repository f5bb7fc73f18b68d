"""A real daemon beside the benchmark: `forensics watch` on a folder of its own, with a database of its own."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

from sqlalchemy import Engine, func, select

from forensics.store import migrate, queries
from forensics.store.database import connect, reading
from forensics.store.models import Job, JobState

LOOK_S = 1.0  # a look costs the daemon's cores a few milliseconds
PATIENCE_S = 300.0
STOP_S = 30.0


class Daemon:
    """A daemon that runs."""

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path, engine: Engine) -> None:
        self.process, self.folder, self.engine = process, folder, engine
        self.dropped = 0

    def drop(self, files: Sequence[Path]) -> None:
        """Let files arrive all at once: their folder is renamed into the watched one. Their bytes must be new to it."""
        staged = self.folder.parent / f"staged-{self.dropped}"
        staged.mkdir()
        for file in files:
            file.rename(staged / file.name)
        self.dropped += len(files)
        staged.rename(self.folder / staged.name)

    def work(self, files: Sequence[Path]) -> float:
        """Let files arrive and wait for their verdicts; returns seconds from the first start to the last end."""
        self.drop(files)
        self.wait()
        return self.seconds(len(files))

    def wait(self) -> None:
        """Wait until all that was dropped has ended."""
        until = time.monotonic() + PATIENCE_S
        while self.ended() < self.dropped:
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit("the daemon ended early, or takes too long")
            time.sleep(LOOK_S)

    def ended(self) -> int:
        """Return how many verdicts there are; a failure ends the benchmark."""
        states = select(Job.state, func.count()).group_by(Job.state)
        with reading(self.engine) as session:
            found = dict(session.execute(states).tuples().all())
        if found.get(JobState.FAILED):
            raise SystemExit("the daemon failed to analyse a clip")
        return found.get(JobState.DONE, 0)

    def seconds(self, count: int) -> float:
        """Return the seconds from the first start to the last end of the last so many jobs."""
        last = select(Job.started_at, Job.finished_at).order_by(Job.id.desc()).limit(count)
        with reading(self.engine) as session:
            times = [(start, end) for start, end in session.execute(last) if start and end]
        return (max(end for _, end in times) - min(start for start, _ in times)).total_seconds()

    def gap_ms(self, count: int) -> float:
        """Return the median time between the end of a job and the start of the next, of the last so many."""
        last = select(Job.started_at, Job.finished_at).order_by(Job.id.desc()).limit(count)
        with reading(self.engine) as session:
            times = sorted((start, end) for start, end in session.execute(last) if start and end)
        return 1000 * median((b[0] - a[1]).total_seconds() for a, b in pairwise(times))


@contextmanager
def watching(workers: int) -> Iterator[Daemon]:
    """Start a daemon on a folder and a database of its own; give it when it is alive; stop it in order at the end."""
    with tempfile.TemporaryDirectory(prefix="forensics-benchmark-") as root:
        folder = Path(root) / "inbox"
        folder.mkdir()
        url = f"sqlite:///{root}/forensics.sqlite3"
        engine = connect(url)
        migrate.upgrade(engine)
        flags = ["--workers", str(workers), "--settle-s", "0"]
        environment = {**os.environ, "FORENSICS_DATABASE_URL": url}
        with started(folder, engine, flags, environment) as daemon:
            yield daemon
        engine.dispose()


@contextmanager
def started(
    folder: Path, engine: Engine, flags: Sequence[str], environment: dict[str, str]
) -> Iterator[Daemon]:
    """Start a daemon; give it when it is alive; stop it in order at the end."""
    command = [sys.executable, "-m", "forensics.cli", "watch", str(folder), *flags]
    with (folder.parent / "daemon.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log)
    try:
        wait_until_alive(process, engine)
        yield Daemon(process, folder, engine)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_S)


def wait_until_alive(process: "subprocess.Popen[bytes]", engine: Engine) -> None:
    """Wait for the daemon's first heartbeat."""
    until = time.monotonic() + PATIENCE_S
    while True:
        with reading(engine) as session:
            if queries.status(session, datetime.now(UTC)).daemons:
                return
        if process.poll() is not None or time.monotonic() > until:
            raise SystemExit("the daemon did not start")
        time.sleep(LOOK_S)
