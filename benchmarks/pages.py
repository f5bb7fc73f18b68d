"""The pages of `forensics web` over a million verdicts: the time on the server, without network or browser."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import text
from starlette.testclient import TestClient

from forensics.analysis.analyse import analyse
from forensics.analysis.messages import Done, Task
from forensics.serialization import plain
from forensics.settings import Settings
from forensics.store.database import connect, writing
from forensics.web.app import create_app
from forensics.web.state import Site

from .filling import sqlite_with
from .report import Cell, Part, say
from .stages import warm_equipment


def verdict_of(clip: Path) -> dict[str, Any]:
    """Return a real verdict as JSON values: what a page is made of is in its text."""
    *_, last = analyse(Task(1, str(clip)), warm_equipment())
    if not isinstance(last, Done):
        raise SystemExit(f"{clip.name}: no verdict: {last}")
    told: dict[str, Any] = plain(last.verdict)
    return told


def seconds(client: TestClient, address: str, runs: int) -> tuple[float, float]:
    """Return the median time of one page, and of the processor's time for it; a first run fills the caches."""
    taken, worked = [], []
    for _ in range(runs + 1):
        started, begun = time.perf_counter(), time.process_time()
        answer = client.get(address)
        taken.append(time.perf_counter() - started)
        worked.append(time.process_time() - begun)
        if answer.status_code != 200:
            raise SystemExit(f"{address}: status {answer.status_code}")
    return median(taken[1:]), median(worked[1:])


def addresses(number: int) -> Iterator[str]:
    """Yield what is asked for."""
    yield f"/verdicts/{number}"
    yield f"/verdicts/{number}.json"
    yield "/"
    yield "/results"
    yield "/results?label=fake&since=2020-01-01"
    yield "/results?path=*/camera-3/*"
    yield f"/results?case=case-{number // 80}"
    yield "/status"


def part(clip: Path, rows: int, runs: int) -> Part:
    """Measure every page on a copy of the filled SQLite database, in which one verdict is a real one."""
    say(f"pages: SQLite with {rows:,}")
    told, number = verdict_of(clip), rows // 2
    filled = sqlite_with(rows)
    file = str(filled.url.database)
    filled.dispose()
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{shutil.copy(file, folder)}")
        with writing(engine) as session:
            made = {"created_at": "2026-01-01T00:00:00+00:00", "pipeline": "0" * 64}
            values = {"payload": json.dumps({**told, **made}), "id": number}
            session.execute(text("UPDATE verdict SET payload = :payload WHERE id = :id"), values)
        site = Site(Settings(), engine, Path(folder) / "inbox")
        with TestClient(create_app(site), base_url="http://127.0.0.1") as client:
            table: list[tuple[Cell, ...]] = [
                (f"GET {address}", *seconds(client, address, runs)) for address in addresses(number)
            ]
        engine.dispose()
    faces = sum(len(finding["evidence"]["frames"]) for finding in told["findings"])
    notes = [
        f"{rows:,} files with a verdict or failure; the result page shows a real verdict with {faces} scored faces; "
        f"median of {runs}, warm"
    ]
    return Part(
        "pages",
        f"Pages over {rows:,} verdicts",
        ("seconds", "SQLite", "of these at work"),
        table,
        notes,
    )
