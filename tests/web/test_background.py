"""The work behind the pages, with real worker processes, and the server as a process."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from forensics.web.background import Work

from ..distributions import COLOUR, write_still
from ..distributions.colour.forensics_colour import FAKE, REAL
from .conftest import Visit, picture

WAIT_S = 240.0


def wait_for(done: Callable[[], bool], told: Callable[[], object] = lambda: "") -> None:
    """Wait on a condition; what `told` gives says in the failure how things stood."""
    until = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < until, told()
        time.sleep(0.1)


@pytest.fixture
def work(visitor: Visit, monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    monkeypatch.syspath_prepend(str(COLOUR))
    settings = replace(visitor.site.settings, plugins=("colour",), threads=1, stop_s=1.0)
    found = Work(visitor.site.engine, settings, visitor.site.inbox)
    yield found
    found.end()


def test_default_and_other_jobs_are_done_side_by_side(
    visitor: Visit, work: Work, tmp_path: Path
) -> None:
    red, green = picture(tmp_path, FAKE), picture(tmp_path, REAL)
    visitor.send(("red.png", red), frames="40")
    visitor.send(("green.png", green))
    work.start()
    wait_for(lambda: visitor.get("/jobs/2/state").json()["state"] == "done")
    wait_for(lambda: visitor.get("/jobs/1/state").json()["state"] == "done")
    told = visitor.get(visitor.get("/jobs/1").headers["location"] + ".json").json()
    assert told["provenance"]["pipeline"]["sampling"]["frames"] == 40
    assert told["label"] == "fake"
    assert work.trouble == {}


def test_job_for_a_detector_that_is_gone_fails_with_its_name(
    visitor: Visit, work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "forensics.store.queries.jobs.default_detectors", lambda _: ("colour", "gone")
    )
    visitor.send(("red.png", picture(tmp_path, FAKE)), detectors=["gone"])
    work.start()
    wait_for(lambda: visitor.get("/jobs/1/state").json()["state"] == "failed")
    assert "gone" in visitor.get("/jobs/1").text


def test_server_prints_its_address_analyses_and_ends_with_0(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "FORENSICS_DATABASE_URL": f"sqlite:///{tmp_path / 'forensics.sqlite3'}",
        "FORENSICS_EVIDENCE_FOLDER": str(tmp_path / "evidence"),
        "FORENSICS_PLUGINS": "colour",
        "FORENSICS_THREADS": "1",
        "PYTHONPATH": str(COLOUR),
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    command = [sys.executable, "-m", "forensics.cli", "web", "--port", "0", "--inbox", "inbox"]
    process = subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout
        address = process.stdout.readline().decode().strip()
        with httpx.Client(base_url=address, timeout=30) as client:
            form = re.search(r'name="csrf" value="(\w+)"', client.get("/").text)
            assert form
            content = write_still(tmp_path / "red.png", FAKE).read_bytes()
            answer = client.post(
                "/uploads", data={"csrf": form[1]}, files={"files": ("red.png", content)}
            )
            place = answer.headers["location"]

            def state() -> dict[str, Any]:
                return dict(client.get(f"{place}/state").json())

            wait_for(lambda: state()["label"] == "fake", told=state)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()
