"""What supervisors and people are told of a daemon at work: notices, status from the database, figures, log lines."""

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from forensics.clock import utc_now
from forensics.store.database import writing
from forensics.store.models import Daemon

from ..daemon.test_metrics import free_port
from ..distributions import write_order
from .daemons import WAIT_S, Site

pytestmark = pytest.mark.slow
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[socket.socket]:
    """Listen in systemd's place."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(WAIT_S)
        yield receiver


def asked(site: Site, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command that has nothing of the daemon's but the database, in another folder."""
    command = [sys.executable, "-m", "forensics.cli", *arguments]
    return subprocess.run(
        command, env=site.environment, cwd="/", capture_output=True, text=True, check=False
    )


def status(site: Site) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(asked(site, "status", "--json").stdout)
    return told


@SQLITE
def test_supervisor_is_told_of_readiness_life_and_the_end(site: Site, heard: socket.socket) -> None:
    site.environment |= {"NOTIFY_SOCKET": heard.getsockname(), "WATCHDOG_USEC": "60000000"}
    daemon = site.start()
    write_order(site.inbox / "a.png")
    assert heard.recv(99) == b"READY=1"
    assert {heard.recv(99) for _ in range(3)} == {b"WATCHDOG=1"}
    daemon.terminate()
    while (notice := heard.recv(99)) == b"WATCHDOG=1":
        pass
    assert notice == b"STOPPING=1"
    assert daemon.wait(WAIT_S) == 0


def test_status_tells_from_the_database_alone_and_checks_for_a_live_daemon(site: Site) -> None:
    assert asked(site, "status", "--check").returncode == 1
    write_order(site.inbox / "wrong.png", "raise", 1)
    daemon = site.start()
    site.wait_until_ended(1)
    for number in (2, 3, 4):
        write_order(site.inbox / f"{number}.png", site.held, number)
    site.wait_for(lambda: site.states()["running"] == 2 and site.states()["queued"] == 1)
    found = status(site)
    assert (found["states"]["failed"], found["states"]["running"]) == (1, 2)
    assert {Path(one["path"]).parent for one in found["running"]} == {site.inbox}
    assert found["oldest_waiting"] is not None
    assert found["per_minute"] > 0
    assert [(one["pid"], one["workers"]) for one in found["daemons"]] == [(daemon.pid, 2)]
    assert found["last_error"]["path"] == str(site.inbox / "wrong.png")
    assert asked(site, "status", "--check").returncode == 0
    daemon.kill()
    daemon.wait()
    with writing(site.engine) as session:
        session.execute(update(Daemon).values(beat_at=utc_now() - timedelta(seconds=31)))
    assert asked(site, "status", "--check").returncode == 1


@SQLITE
def test_figures_count_files_jobs_stages_and_dead_workers(site: Site) -> None:
    port = free_port()
    site.environment["FORENSICS_METRICS_PORT"] = str(port)
    site.start()
    write_order(site.inbox / "good.png", number=1)
    write_order(site.inbox / "bad.png", "abort", 2)
    site.wait_until_ended(2)
    wanted = (
        "forensics_files_seen_total 2.0",
        "forensics_files_found_by_rescan_total 0.0",
        'forensics_jobs_total{outcome="verdict"} 1.0',
        'forensics_jobs_total{outcome="worker_died"} 1.0',
        'forensics_stage_seconds_count{stage="obedient"} 1.0',
        'forensics_stage_seconds_count{stage="prepared"} 1.0',
        'forensics_queue{state="queued"} 0.0',
        "forensics_queue_age_seconds 0.0",
        "forensics_worker_deaths_total 2.0",
    )

    def figures() -> list[str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=WAIT_S) as answer:
            return answer.read().decode().splitlines()  # type: ignore[no-any-return]

    site.wait_for(lambda: set(wanted) <= set(figures()))
    site.stop()


@SQLITE
def test_log_lines_name_the_job_and_the_hash_of_its_content(site: Site) -> None:
    site.environment["FORENSICS_LOG_FORMAT"] = "json"
    site.start()
    good = write_order(site.inbox / "good.png", number=1)
    wrong = write_order(site.inbox / "wrong.png", "raise", 2)
    site.wait_until_ended(2)
    site.stop()
    lines = [json.loads(line) for line in site.log.splitlines()]
    told = {line["event"]: (line["job"], line["sha256"]) for line in lines if "sha256" in line}
    jobs = {
        Path(line["path"]).name: line["job"]
        for line in lines
        if "verdict" in line or "error" in line
    }
    assert told["verdict"] == (jobs["good.png"], sha256(good.read_bytes()).hexdigest())
    assert told["failed"] == (jobs["wrong.png"], sha256(wrong.read_bytes()).hexdigest())
    assert told["detector failed"] == told["failed"]
