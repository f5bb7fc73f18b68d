"""The chain over all that is recorded: what is in it, and what it shows."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.config import Config
from sqlalchemy import Engine, select, text

from alembic import command
from forensics.store import migrate
from forensics.store.database import reading, writer, writing
from forensics.store.ledger import audit, chain, reviews
from forensics.store.ledger.chain import Export
from forensics.store.models import Entry, EntryKind, VerdictRow

from ..samples import NOW, analyse, begin, claim, finish, later, seen, sight


def said(engine: Engine, *heads: str) -> list[str]:
    return [str(problem) for problem in audit.audit(engine, heads)]


def change(engine: Engine, *statements: str) -> None:
    with writing(engine) as session:
        for statement in statements:
            session.execute(text(statement))


def head(engine: Engine) -> str:
    with reading(engine) as session:
        return chain.newest_hash(session)


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Return a database with two verdicts, a note on the first, a review of the second, and an export."""
    first, second = (analyse(engine, f"/{number}", number) for number in (1, 2))
    with writing(engine) as session:
        reviews.add_note(session, first, "a note", "R. Diaz", later(1))
        reviews.add_review(session, second, "a conclusion", "K. Ito", later(2))
        chain.record_export(session, Export("report", "R. Diaz", (first,), "A-1"), later(3))
    return engine


def test_every_kind_of_entry_is_in_one_chain(filled: Engine) -> None:
    with reading(filled) as session:
        entries = session.scalars(select(Entry).order_by(Entry.id)).all()
        newest = chain.head(session)
    assert [entry.kind.value for entry in entries] == [
        "verdict", "verdict", "note", "review", "export",
    ]  # fmt: skip
    assert entries[0].previous_hash == chain.NO_HASH
    assert [e.previous_hash for e in entries[1:]] == [e.hash for e in entries[:-1]]
    assert newest is not None
    assert (newest.hash, newest.kind, newest.entries) == (entries[-1].hash, EntryKind.EXPORT, 5)
    assert said(filled, *(entry.hash for entry in entries)) == []


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        pytest.param("UPDATE verdict SET label = 'real' WHERE id = 2", "its label", id="verdict"),
        pytest.param(
            "UPDATE finding SET message = 'x' WHERE verdict_id = 2", "its findings", id="finding"
        ),
        pytest.param("DELETE FROM artifact", "its artifacts", id="artifact"),
        pytest.param("UPDATE artifact SET sha256 = '1'", "its artifacts", id="artifact-hash"),
        pytest.param("UPDATE media SET sha256 = 'x' WHERE id = 2", "its media", id="media"),
        pytest.param("UPDATE verdict SET analysis_id = 1 WHERE id = 2", "its media", id="analysis"),
        pytest.param("UPDATE pipeline SET description = '{}'", "its pipeline", id="pipeline"),
        pytest.param("UPDATE review SET note = 'x' WHERE id = 1", "its text or hash", id="note"),
        pytest.param("UPDATE review SET examiner = 'x'", "review on verdict 2", id="examiner"),
        pytest.param("UPDATE review SET verdict_id = 1", "review on verdict 2", id="moved-words"),
        pytest.param("DELETE FROM review WHERE id = 2", "review on verdict 2", id="no-review"),
        pytest.param(
            "UPDATE review SET created_at = '2020-01-01 00:00:00'", "verdict or time", id="time"
        ),
        pytest.param("UPDATE entry SET text = '{}' WHERE id = 5", "export (entry 5)", id="export"),
        pytest.param("UPDATE entry SET hash = 'x' WHERE id = 2", "its text or hash", id="hash"),
        pytest.param(
            "UPDATE entry SET created_at = '2020-01-01 00:00:00'", "text or hash", id="entry-time"
        ),
        pytest.param("UPDATE entry SET text_hash = NULL WHERE id = 1", "verdict 1", id="form"),
        pytest.param("DELETE FROM entry WHERE id = 1", "inserted beside the chain", id="entry"),
        pytest.param("DELETE FROM entry WHERE id = 5", "is not in the chain", id="cut-off"),
        pytest.param("UPDATE entry SET erased_by = 9 WHERE id = 2", "deletion", id="false-erasure"),
    ],
)
def test_tampering_with_each_table_is_found(filled: Engine, tampering: str, found: str) -> None:
    kept = head(filled)
    change(filled, tampering)
    assert any(found in line for line in said(filled, kept))


def test_entries_cut_off_at_the_end_show_only_against_a_kept_head(filled: Engine) -> None:
    kept = head(filled)
    change(filled, "DELETE FROM entry WHERE id = 5")
    assert said(filled) == []
    (line,) = said(filled, kept)
    assert line.startswith(f"head {kept}: ")


def test_chain_written_anew_shows_only_against_a_kept_head(filled: Engine) -> None:
    kept = head(filled)
    change(filled, "DELETE FROM entry WHERE id = 5")
    with writing(filled) as session:
        chain.record_export(session, Export("report", "nobody", ()), later(3))
    assert said(filled) == []
    assert len(said(filled, kept)) == 1


def test_walk_goes_page_by_page(filled: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PAGE", 2)
    pages: list[int] = []
    assert list(audit.audit(filled, (), pages.append)) == []
    assert pages == [2, 2, 1]


def test_notes_and_verdicts_at_once_do_not_fork(engine: Engine) -> None:
    first = analyse(engine, "/first", 99)
    sight(engine, *(seen(f"/{number}", number) for number in range(8)))
    claims = [claim(engine) for _ in range(8)]
    for number, claimed in enumerate(claims):
        begin(engine, claimed, number)

    def write(number: int) -> None:
        if number % 2:
            finish(engine, claims[number // 2], number // 2)
            return
        with writing(engine) as session:
            reviews.add_note(session, first, f"note {number}", "R. Diaz", NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(16)))
    assert said(engine) == []
    with reading(engine) as session:
        assert len(session.scalars(select(Entry.id)).all()) == 17


def test_one_content_is_checked_with_its_neighbours(filled: Engine) -> None:
    def lines(media_id: int) -> list[str]:
        with reading(filled) as session:
            return [str(problem) for problem in audit.audit_content(session, media_id)]

    assert lines(1) == lines(2) == []
    change(filled, "UPDATE finding SET score = 9 WHERE verdict_id = 2")
    assert lines(1) == []
    assert lines(2) == ["verdict 2: its findings differs from its text"]
    change(filled, "DELETE FROM review", "DELETE FROM entry WHERE id = 3")
    assert "verdict 2: the row after it was removed or changed" in lines(2)


def test_verdicts_of_an_older_schema_keep_their_hashes_and_verify(empty_engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.folder()))
    migrate.upgrade(empty_engine)
    for number in range(3):
        analyse(empty_engine, f"/{number}", number)
    old = as_before(empty_engine)
    with writer(empty_engine).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
    migrate.upgrade(empty_engine)
    with reading(empty_engine) as session:
        assert session.scalars(select(Entry.hash).order_by(Entry.id)).all() == old
        assert list(session.scalars(select(Entry.text_hash))) == [None] * 3
    newer = analyse(empty_engine, "/new", 7)
    assert said(empty_engine, *old) == []
    with reading(empty_engine) as session:
        assert session.get_one(VerdictRow, newer).previous_hash == old[-1]
    change(empty_engine, "UPDATE verdict SET payload = '{}' WHERE id = 2")
    assert said(empty_engine) == ["verdict 2: its text or hash was changed"]
    assert len(list(audit.audit(empty_engine))) == 1


def as_before(engine: Engine) -> list[str]:
    """Give the verdicts the hashes that they had before there were entries, and return these."""
    hashes = [chain.NO_HASH]
    with writing(engine) as session:
        for row in session.scalars(select(VerdictRow).order_by(VerdictRow.id)):
            assert json.loads(row.payload)
            link = hashlib.sha256((hashes[-1] + row.payload).encode()).hexdigest()
            row.previous_hash, row.hash = hashes[-1], link
            hashes.append(link)
    return hashes[1:]
