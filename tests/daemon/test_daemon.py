"""The real daemon as a process: it starts, works, stops when asked, and survives being killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ..distributions import COLOUR, write_still
from ..distributions.colour.forensics_colour import FAKE, HANGS, REAL, SLOW

ROOT = Path(__file__).parents[2]
WAIT_S = 60.0


@dataclass
class Daemon:
    """Starts daemons on one folder and database, and asks the database."""

    home: Path
    environment: dict[str, str]
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self, *flags: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, str(ROOT / "daemon.py"), str(self.home / "inbox"), *flags]
        with (self.home / "log").open("ab") as log:
            process = subprocess.Popen(command, env=self.environment, stderr=log)
        self.processes.append(process)
        return process

    def results(self, *flags: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "forensics.cli", "results", "--json", *flags]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True
        )
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return {
            Path(row["path"]).name: row["label"] or row["error"] or row["state"] for row in rows
        }

    def wait_for(self, wanted: dict[str, Any], *flags: str) -> None:
        until = time.monotonic() + WAIT_S
        while (found := self.results(*flags)) != wanted:
            if time.monotonic() > until:
                pytest.fail(f"{found}\n{(self.home / 'log').read_text()}")
            time.sleep(0.2)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    (tmp_path / "inbox").mkdir()
    environment = {
        **os.environ,
        "FORENSICS_DATABASE_URL": f"sqlite:///{tmp_path / 'forensics.sqlite3'}",
        "FORENSICS_PLUGINS": "colour",
        "FORENSICS_SETTLE_S": "0.2",
        "FORENSICS_THREADS": "1",
        "PYTHONPATH": str(COLOUR),
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    found = Daemon(tmp_path, environment)
    yield found
    for process in found.processes:
        process.kill()
        process.wait()


def test_files_that_land_are_analysed_and_sigterm_ends_it_with_0(daemon: Daemon) -> None:
    process = daemon.start()
    inbox = daemon.home / "inbox"
    write_still(inbox / "red.png", FAKE)
    write_still(daemon.home / "green.png", REAL).rename(inbox / "green.png")
    (inbox / "new").mkdir()
    (inbox / "new" / "text.mp4").write_text("no video")
    daemon.wait_for({"red.png": "fake", "green.png": "real", "text.mp4": "unsupported"})
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_job_that_does_not_finish_in_time_is_handed_back_on_stop(daemon: Daemon) -> None:
    daemon.environment["FORENSICS_STOP_S"] = "0.5"
    process = daemon.start()
    write_still(daemon.home / "inbox" / "blue.png", HANGS)
    daemon.wait_for({"blue.png": "running"}, "--state", "all")
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert daemon.results("--state", "all") == {"blue.png": "queued"}


@pytest.mark.slow
def test_killed_daemon_loses_nothing_and_repeats_nothing(daemon: Daemon) -> None:
    for i in range(6):
        write_still(daemon.home / "inbox" / f"{i}.png", SLOW, side=32 + i)
    kill_when_running(daemon, daemon.start())
    daemon.start()
    daemon.wait_for({f"{i}.png": "inconclusive" for i in range(6)})
    command = [sys.executable, "-m", "forensics.cli", "jobs", "list", "--json"]
    done = subprocess.run(
        command, env=daemon.environment, capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == 6


def kill_when_running(daemon: Daemon, process: "subprocess.Popen[bytes]") -> None:
    """Kill a daemon, without warning, while it works on a file."""
    until = time.monotonic() + WAIT_S
    while "running" not in daemon.results("--state", "all").values():
        assert time.monotonic() < until
    process.kill()
    process.wait()
