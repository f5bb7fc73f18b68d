"""Real daemons on one folder and one database, what can be done to them, and the reckoning at the end."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from forensics.daemon.listing import listing
from forensics.errors import UnreachableError
from forensics.store import queries
from forensics.store.database import reading
from forensics.store.ledger import audit
from forensics.store.models import Job, JobState, Sighting, VerdictRow

from ..distributions import OBEDIENT

ROOT = Path(__file__).parents[2]
WAIT_S = 900.0  # what is waited for comes sooner, even on a busy machine
LOOK_S = 0.2
ENDED = (JobState.DONE, JobState.FAILED)
Process = subprocess.Popen[bytes]


@dataclass
class Site:
    """A folder, a database, and daemons that come and go."""

    home: Path
    engine: Engine
    environment: dict[str, str]
    processes: list[Process] = field(default_factory=list)

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def go(self) -> Path:
        """The file that detectors with the order `held` wait for."""
        return self.home / "go"

    @property
    def held(self) -> str:
        """An order to be at work until `go` is there: what a test does meanwhile meets a file that is being read."""
        return f"wait:{self.go}"

    def wait_until_at_work(self) -> None:
        """Wait until a detector has begun: the file is open then, which a job that is running may not be yet."""
        self.wait_for(lambda: "event=DetectorStarted" in self.log)

    @property
    def log(self) -> str:
        return (self.home / "log").read_text()

    def start(self, *flags: str, **how: Any) -> Process:
        """Start a daemon. Its log goes through a pipe, so that limits on its files don't hide what it says."""
        with (self.home / "log").open("ab") as log:
            writer = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log)
        command = [sys.executable, "-m", "forensics.cli", "watch", str(self.inbox), *flags]
        process = subprocess.Popen(command, env=self.environment, stderr=writer.stdin, **how)
        assert writer.stdin is not None
        writer.stdin.close()
        self.processes += [process, writer]
        return process

    def wait_for(self, what: Callable[[], object], seconds: float = WAIT_S) -> None:
        until = time.monotonic() + seconds
        while not what():
            broken = any(
                process.poll() not in (None, 0, -signal.SIGKILL) for process in self.processes
            )
            if broken or time.monotonic() > until:
                pytest.fail(f"{self.states()}\n{self.log[-6000:]}")
            time.sleep(LOOK_S)

    def states(self) -> Counter[str]:
        """Count the jobs by what has become of them."""
        kinds = (Job.state, Job.error)
        try:
            with reading(self.engine) as session:
                rows = session.execute(select(*kinds, func.count()).group_by(*kinds)).all()
        except UnreachableError:
            return Counter()
        return Counter({row[1].value if row[1] else row[0].value: row[2] for row in rows})

    def ended(self) -> int:
        return sum(n for state, n in self.states().items() if state not in ("queued", "running"))

    def wait_until_ended(self, files: int, seconds: float = WAIT_S) -> None:
        self.wait_for(lambda: self.ended() >= files, seconds)

    def outcomes(self) -> dict[str, str]:
        """Return the verdict's label or the failure's code of each current file, by its name."""
        with reading(self.engine) as session:
            rows = queries.results(session, queries.ResultFilter(), 100_000, None)
        return {Path(r.path).name: r.label or r.error or "" for r in rows}

    def counts(self, name: str) -> tuple[int, int]:
        """Return the attempts and the interruptions counted against the newest job of a file."""
        found = select(Job.attempts, Job.interruptions).join(Sighting)
        with reading(self.engine) as session:
            named = found.where(Sighting.path == str(self.inbox / name)).order_by(Job.id.desc())
            row = session.execute(named).first()
        assert row is not None
        return row[0], row[1]

    def stop(self) -> None:
        """Stop all daemons in order."""
        for process in self.processes:
            if process.poll() is None and process.stdin is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(WAIT_S) == 0

    def kill_all(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def reckon(self) -> None:
        """Hold the files against the verdicts and failures: one for each, and none for anything else."""
        with reading(self.engine) as session:
            found = select(Sighting.path_key, Job.state, Job.verdict_id, Job.error)
            joined = found.join(Job, Job.sighting_id == Sighting.id).where(Sighting.is_current)
            rows = session.execute(joined).all()
            unfinished = session.scalar(select(func.count()).where(Job.state.not_in(ENDED)))
            verdicts = session.scalar(select(func.count()).select_from(VerdictRow))
            analyses = session.scalar(select(func.count(VerdictRow.analysis_id.distinct())))
        broken = list(audit.audit(self.engine))
        assert Counter(os.fsdecode(row[0]) for row in rows) == Counter(
            file.path for file in listing([self.inbox])
        )
        assert all((row[2] is None) != (row[3] is None) for row in rows)
        assert (unfinished, broken) == (0, [])
        assert verdicts == analyses, "something was analysed twice"


def workers_of(daemon: Process) -> list[int]:
    """Return a daemon's worker processes: those that its fork server started."""
    servers = [pid for pid in children(daemon.pid) if "forkserver" in command_of(pid)]
    return [pid for server in servers for pid in children(server)]


def children(pid: int) -> list[int]:
    try:
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    """Say whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def environment(home: Path, engine: Engine) -> dict[str, str]:
    """Return the environment of daemons: quick to settle, with the obedient detector only."""
    return {
        **os.environ,
        "FORENSICS_DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "FORENSICS_PLUGINS": "obedient",
        "FORENSICS_DEVICE": "cpu",
        "FORENSICS_THREADS": "1",
        "FORENSICS_WORKERS": "2",
        "FORENSICS_SETTLE_S": "0.3",
        "FORENSICS_RESCAN_S": "3",
        "FORENSICS_MEMORY_MB": "1500",
        "FORENSICS_DEADLINE_S": "600",
        "FORENSICS_LOG_LEVEL": "debug",
        "PYTHONPATH": os.pathsep.join(map(str, (OBEDIENT, ROOT))),
        "XDG_CONFIG_HOME": str(home),
    }
