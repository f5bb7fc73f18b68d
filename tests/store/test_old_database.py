"""A database of an earlier version opens, verifies, and reads as it did."""

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from forensics.records import Verdict
from forensics.serialization import converter, plain
from forensics.store import jobs, migrate
from forensics.store.database import connect, reading, writing
from forensics.store.jobs.analyses import canonical_text
from forensics.store.ledger import audit
from forensics.store.ledger.verdicts import finish
from forensics.store.models import VerdictRow

from ..commands import Cli
from .old import NOW, PIPELINE, RECORD, SHA256

OLD = Path(__file__).parent / "old"
VERDICTS = (1, 2, 6, 7, 8)  # 3 was erased with its case, 4 and 5 were replaced


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the URL of a copy, whose migrations have run."""
    shutil.copyfile(OLD / "forensics.db", tmp_path / "old.sqlite3")
    url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    engine = connect(url)
    migrate.ensure(engine, may_upgrade=True)
    engine.dispose()
    return url


@pytest.fixture
def old(cli: Cli, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """Yield the command line on that database, as the old version was asked."""
    monkeypatch.setenv("FORENSICS_DATABASE_URL", url)
    monkeypatch.setenv("FORENSICS_THUMBNAILS", "off")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield cli
    monkeypatch.undo()
    time.tzset()


def printed(name: str) -> str:
    return (OLD / name).read_text(encoding="utf-8")


def lines(name: str) -> list[object]:
    return [json.loads(line) for line in printed(name).splitlines()]


def test_lists_and_head_are_as_they_were(old: Cli) -> None:
    assert old("results").stdout == printed("results.txt")
    assert old.lines("results", "--json") == lines("results.json")
    assert old.lines("chain", "head", "--json") == lines("head.json")


def test_chain_and_tables_verify_and_only_the_media_are_missing(old: Cli) -> None:
    rows = old.lines("verify", "--json", code=1)
    assert rows == lines("verify.json")
    assert {row["kind"] for row in rows[:-1]} == {"missing"}


@pytest.mark.parametrize("number", VERDICTS)
def test_verdict_reads_as_it_did(old: Cli, number: int) -> None:
    assert old("show", number).stdout == printed(f"show-{number}.txt")
    assert old.lines("show", number, "--json") == lines(f"show-{number}.json")


@pytest.mark.parametrize("number", VERDICTS)
def test_report_reads_as_it_did(old: Cli, number: int) -> None:
    report = old("report", number).stdout.splitlines()
    assert [line for line in report if not line.startswith("Report made")] == printed(
        f"report-{number}.txt"
    ).splitlines()


def test_erased_verdict_says_when_by_whom_and_why(old: Cli) -> None:
    message = old("show", 3, code=1).stderr
    assert message.startswith("Error: verdict 3 was erased on 2026-11-29")
    assert message.endswith("by desk: retention ended\n")


def store(engine: Engine) -> VerdictRow:
    """Store the record that begins the old chain, as it was stored then."""
    with writing(engine) as session:
        file = jobs.SeenFile("/evidence/made.mp4", 1000, 1_700_000_000_000_000_000, 42)
        job_ids = jobs.sight(session, [file], NOW).job_ids
        (claim,) = jobs.claim(session, NOW, 1, only=job_ids)
        jobs.begin(session, claim, SHA256, 1000, PIPELINE, is_default=True, force=False, now=NOW)
        finish(session, claim, RECORD, NOW)
    with reading(engine) as session:
        return session.scalars(select(VerdictRow)).one()


def test_same_record_has_the_same_text_and_hash_to_the_byte(engine: Engine) -> None:
    with closing(sqlite3.connect(f"file:{OLD / 'forensics.db'}?mode=ro", uri=True)) as file:
        before = file.execute("SELECT payload, hash FROM verdict WHERE id = 1").fetchone()
    verdict = store(engine)
    assert (verdict.payload, verdict.hash) == before
    assert [*audit.audit(engine)] == []


def test_stored_text_becomes_a_record_and_the_same_text_again(url: str) -> None:
    engine = connect(url)
    with reading(engine) as session:
        payloads = [row.payload for row in session.scalars(select(VerdictRow))]
    engine.dispose()
    without_artifacts = [p for p in payloads if '"artifacts":[{' not in p]
    assert len(without_artifacts) == len(payloads) - 1 == 5
    for payload in without_artifacts:
        told = json.loads(payload)
        again = plain(converter().structure(told, Verdict))
        around = {name: told[name] for name in ("created_at", "pipeline")}
        assert canonical_text({**again, **around}) == payload
