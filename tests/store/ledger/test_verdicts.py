"""Verdicts: what is stored, which is in force, and the chain."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import Engine, select, text

from forensics.records import Label
from forensics.serialization import plain
from forensics.store.database import reading, writing
from forensics.store.ledger import audit
from forensics.store.ledger.verdicts import finish as record_verdict
from forensics.store.models import ArtifactRow, FindingRow, Media, VerdictRow

from ..samples import (
    NEWER,
    NOW,
    PIPELINE,
    analyse,
    begin,
    claim,
    finish,
    later,
    seen,
    sight,
    verdict,
)


def errors(engine: Engine) -> list[str]:
    return [str(problem) for problem in audit.audit(engine)]


def in_force(engine: Engine) -> int | None:
    with reading(engine) as session:
        return session.scalars(select(Media.verdict_id)).one()


def change(engine: Engine, statement: str) -> None:
    with writing(engine) as session:
        session.execute(text(statement))


def test_verdict_is_stored_whole(engine: Engine) -> None:
    verdict_id = analyse(engine, "/a")
    with reading(engine) as session:
        row = session.get_one(VerdictRow, verdict_id)
        told = json.loads(row.payload)
        assert told.pop("created_at") == NOW.isoformat()
        assert len(told.pop("pipeline")) == 64
        assert told == plain(verdict())
        assert row.payload == json.dumps(
            json.loads(row.payload), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        finding = session.scalars(select(FindingRow)).one()
        assert finding.evidence == plain(verdict().findings[0].evidence)
        artifact = session.scalars(select(ArtifactRow)).one()
        assert (artifact.name, artifact.media_type, artifact.size_bytes) == (
            "heat.png",
            "image/png",
            4,
        )
        media = session.scalars(select(Media)).one()
        assert media.info == plain(verdict().media)


def test_numbers_that_no_database_takes_are_stored_as_null(engine: Engine) -> None:
    sight(engine, seen("/a"))
    claimed = claim(engine)
    begin(engine, claimed)
    odd = verdict()
    finding = replace(odd.findings[0], score=float("nan"), fake=float(np.float32(0.5)))
    with writing(engine) as session:
        record_verdict(session, claimed, replace(odd, findings=(finding,)), NOW)
    with reading(engine) as session:
        row = session.scalars(select(FindingRow)).one()
    assert (row.score, row.fake) == (None, 0.5)
    assert errors(engine) == []


def test_verdict_about_another_content_is_refused(engine: Engine) -> None:
    sight(engine, seen("/a"))
    claimed = claim(engine)
    begin(engine, claimed, "this")
    with pytest.raises(ValueError, match="is about"):
        finish(engine, claimed, "that")


def test_newest_default_verdict_is_in_force(engine: Engine) -> None:
    first = analyse(engine, "/a")
    assert in_force(engine) == first
    analyse(engine, "/a", pipeline=NEWER, parameters={"frames": 50}, is_default=False)
    assert in_force(engine) == first
    newer = analyse(engine, "/a", pipeline=NEWER, at=later(5))
    assert in_force(engine) == newer
    analyse(engine, "/a", force=True, parameters={"weights": "old"}, is_default=False)
    assert in_force(engine) == newer
    assert analyse(engine, "/a", pipeline=PIPELINE, at=later(9)) > first
    assert in_force(engine) not in (first, newer)


def test_chain_of_all_verdicts_is_sound(engine: Engine) -> None:
    for number in range(5):
        analyse(engine, f"/{number}", number)
    assert errors(engine) == []
    with reading(engine) as session:
        rows = session.scalars(select(VerdictRow).order_by(VerdictRow.id)).all()
    assert rows[0].previous_hash == "0" * 64
    assert [row.previous_hash for row in rows[1:]] == [row.hash for row in rows[:-1]]


def test_chain_does_not_fork_under_concurrent_writers(engine: Engine) -> None:
    sight(engine, *(seen(f"/{number}", number) for number in range(12)))
    claims = [claim(engine) for _ in range(12)]
    for number, claimed in enumerate(claims):
        begin(engine, claimed, number)
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda n: finish(engine, claims[n], n), range(12)))
    assert len(set(ids)) == 12
    assert errors(engine) == []


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        pytest.param("UPDATE verdict SET label = 'real' WHERE id = 2", "its label", id="label"),
        pytest.param("UPDATE verdict SET fake = 0.1 WHERE id = 2", "its fake", id="number"),
        pytest.param("UPDATE verdict SET payload = '{}' WHERE id = 2", "its text", id="text"),
        pytest.param("UPDATE finding SET score = 9 WHERE verdict_id = 2", "findings", id="score"),
        pytest.param(
            "UPDATE finding SET evidence = '{}' WHERE verdict_id = 2", "evidence", id="evidence"
        ),
        pytest.param("UPDATE verdict SET hash = '1' WHERE id = 2", "its text or hash", id="hash"),
    ],
)
def test_tampering_shows(engine: Engine, tampering: str, found: str) -> None:
    for number in range(3):
        analyse(engine, f"/{number}", number, label=Label.FAKE)
    change(engine, tampering)
    assert any(line.startswith("verdict 2: ") and found in line for line in errors(engine))


def test_removed_verdict_shows_in_the_next(engine: Engine) -> None:
    for number in range(3):
        analyse(engine, f"/{number}", number)
    for statement in (
        "UPDATE media SET verdict_id = NULL",
        "UPDATE job SET verdict_id = NULL",
        "DELETE FROM artifact WHERE finding_id = 2",
        "DELETE FROM finding WHERE verdict_id = 2",
        "DELETE FROM verdict WHERE id = 2",
    ):
        change(engine, statement)
    assert errors(engine) == ["verdict 2: was removed, and no deletion lists it"]
    change(engine, "DELETE FROM entry WHERE id = 2")
    assert errors(engine) == ["verdict 3: a row before it was removed, inserted or changed"]
