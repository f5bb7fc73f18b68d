"""Erasing: what goes, what stays because another case has it, and what the chain still says."""

import json

import pytest
from sqlalchemy import Engine, func, select, text

from forensics.errors import LeaseLostError, StoreError
from forensics.store import compact, database
from forensics.store.database import reading, writing
from forensics.store.ledger import audit, chain, purge, reviews
from forensics.store.ledger.chain import Export
from forensics.store.ledger.purge import Erasure, Order
from forensics.store.ledger.tombstones import tombstone
from forensics.store.models import Entry, Job, Sighting, Table, VerdictRow

from ..samples import analyse, begin, claim, digest, finish, later, seen, sight

CASE = Order("asked for", "K. Ito", case="A")


def erase(engine: Engine, order: Order = CASE, seconds: float = 60) -> Erasure:
    with writing(engine) as session:
        compact.overwrite_deleted(session)
        return purge.erase(session, order, later(seconds))


def said(engine: Engine, *heads: str) -> list[str]:
    return [str(problem) for problem in audit.audit(engine, heads)]


def count(engine: Engine, table: type[Table]) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Return two verdicts in case A with a note and two exports, and one in no case."""
    first = analyse(engine, "/a/1", 1, case="A")
    analyse(engine, "/a/2", 2, case="A")
    other = analyse(engine, "/3", 3)
    with writing(engine) as session:
        reviews.add_note(session, first, "about the first", "R. Diaz", later(1))
        reviews.add_note(session, other, "about the other", "R. Diaz", later(2))
        chain.record_export(session, Export("report", "R. Diaz", (first,), "A"), later(3))
        chain.record_export(session, Export("report", "R. Diaz", (other,)), later(4))
    return engine


def test_case_goes_whole_and_the_chain_verifies(filled: Engine) -> None:
    with reading(filled) as session:
        heads = session.scalars(select(Entry.hash)).all()
    assert erase(filled) == Erasure(2, 2, 1, 1, 2, 2, 0)
    assert said(filled, *heads) == []
    with reading(filled) as session:
        assert session.scalars(select(Sighting.path)).all() == ["/3"]
        (left,) = session.scalars(select(VerdictRow)).all()
        assert json.loads(left.payload)["media"]["sha256"] == digest(3)
        assert [words.note for words in reviews.of_verdicts(session, [left.id])] == [
            "about the other"
        ]
        entries = session.scalars(select(Entry).order_by(Entry.id)).all()
    assert [entry.erased_by is not None for entry in entries] == [
        True, True, False, True, False, True, False, False,
    ]  # fmt: skip
    analyse(filled, "/4", 4)
    assert said(filled, *heads) == []


def test_deletion_says_what_why_when_and_who_without_naming_contents(filled: Engine) -> None:
    erase(filled)
    with reading(filled) as session:
        left = tombstone(session, 1)
        assert tombstone(session, 3) is None
    assert left is not None
    assert left.erased_at == later(60)
    assert (left.record["reason"], left.record["by"], left.record["case"]) == (
        "asked for",
        "K. Ito",
        "A",
    )
    assert left.record["entries"]["count"] == 4
    assert digest(1) not in json.dumps(left.record)


def test_content_that_another_case_has_stays_there(engine: Engine) -> None:
    shared = analyse(engine, "/a/shared", 1, case="A")
    analyse(engine, "/b/shared", 1, case="B")
    assert erase(engine) == Erasure(0, 0, 0, 0, 1, 1, 1)
    with reading(engine) as session:
        assert session.scalars(select(Sighting.path)).all() == ["/b/shared"]
        assert session.scalars(select(VerdictRow.id)).all() == [shared]
    assert said(engine) == []
    assert erase(engine, Order("why", "who", case="B")).verdicts == 1
    assert count(engine, VerdictRow) == count(engine, Sighting) == 0
    assert said(engine) == []


def test_content_seen_under_no_case_as_well_goes_with_all_its_paths(engine: Engine) -> None:
    analyse(engine, "/inbox/1", 1)
    analyse(engine, "/a/1", 1, case="A")
    assert erase(engine) == Erasure(1, 1, 0, 0, 2, 2, 0)
    assert count(engine, Sighting) == count(engine, Job) == 0


def test_one_content_goes_by_its_hash_from_every_case(engine: Engine) -> None:
    analyse(engine, "/a/1", 1, case="A")
    analyse(engine, "/b/1", 1, case="B")
    analyse(engine, "/b/2", 2, case="B")
    found = erase(engine, Order("why", "who", media_sha256=digest(1)))
    assert (found.contents, found.sightings) == (1, 2)
    with reading(engine) as session:
        assert session.scalars(select(Sighting.path)).all() == ["/b/2"]
    assert said(engine) == []


def test_file_that_waits_is_erased_and_one_under_way_loses_its_job(engine: Engine) -> None:
    sight(engine, seen("/a/1", 1), seen("/a/2", 2), case="A")
    claimed = claim(engine)
    begin(engine, claimed, 1)
    assert erase(engine) == Erasure(1, 0, 0, 0, 2, 2, 0)
    with pytest.raises(LeaseLostError):
        finish(engine, claimed, 1)
    assert said(engine) == []


def test_erased_file_that_is_seen_again_is_new(filled: Engine) -> None:
    erase(filled)
    again = analyse(filled, "/a/1", 1, case="A")
    assert again == 4
    assert erase(filled, seconds=90).verdicts == 1
    assert said(filled) == []


@pytest.mark.parametrize(
    "tampering",
    [
        pytest.param("UPDATE entry SET erased_by = NULL WHERE id = 1", id="unmarked"),
        pytest.param("UPDATE entry SET erased_by = 8 WHERE id = 7", id="one-more"),
        pytest.param("UPDATE entry SET text = replace(text, 'asked', 'x') WHERE id = 8", id="why"),
        pytest.param("DELETE FROM entry WHERE id = 8", id="no-deletion"),
        pytest.param("UPDATE entry SET text = 'x' WHERE id = 6", id="text-is-back"),
        pytest.param("UPDATE entry SET kind = 'note' WHERE id = 1", id="kind"),
    ],
)
def test_tampering_with_what_a_deletion_left_shows(filled: Engine, tampering: str) -> None:
    erase(filled)
    with writing(filled) as session:
        session.execute(text(tampering))
    assert said(filled)


def test_compact_says_when_another_reader_keeps_the_log(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.1)
    engine = database.connect(sqlite_url)
    analyse(engine, "/a", 1)
    with engine.connect() as reader:
        reader.execute(text("SELECT 1 FROM job")).all()
        analyse(engine, "/b", 2)
        with pytest.raises(
            StoreError, match=r"another process is reading it.* run 'forensics db compact'"
        ):
            compact.compact(engine)
    compact.compact(engine)
    engine.dispose()


def test_compact_keeps_what_is_there(filled: Engine) -> None:
    erase(filled)
    filled.dispose()
    compact.compact(filled)
    assert said(filled) == []
    assert count(filled, VerdictRow) == 1
