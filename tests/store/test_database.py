"""Connections: URLs, errors that name the database, and transactions."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from forensics.errors import SettingsError, StoreError, UnreachableError
from forensics.store import jobs
from forensics.store.database import connect, masked, reading, writing

from .samples import NOW, seen


def test_new_sqlite_file_gets_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "f.sqlite3"
    engine = connect(f"sqlite:///{file}")
    with reading(engine) as session:
        session.execute(text("SELECT 1"))
    engine.dispose()
    assert file.exists()


def test_connecting_opens_nothing(tmp_path: Path) -> None:
    connect(f"sqlite:///{tmp_path / 'f.sqlite3'}")
    connect("postgresql://nobody@host.invalid/none")
    assert not (tmp_path / "f.sqlite3").exists()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        pytest.param("journal_mode", "wal", id="readers do not wait for the writer"),
        pytest.param("foreign_keys", 1, id="foreign keys hold"),
        pytest.param("synchronous", 1, id="normal"),
        pytest.param("busy_timeout", 10_000, id="waits for a lock"),
    ],
)
def test_sqlite_is_set_up(tmp_path: Path, pragma: str, value: object) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'f.sqlite3'}")
    with reading(engine) as session:
        assert session.scalar(text(f"PRAGMA {pragma}")) == value
    engine.dispose()


@pytest.mark.parametrize(
    "url", ["postgresql://u:pw@h/d", "postgres://u:pw@h/d", "postgresql+psycopg://u:pw@h/d"]
)
def test_postgresql_urls_mean_psycopg(url: str) -> None:
    assert connect(url).url.drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("nonsense", id="no URL"),
        pytest.param("", id="empty"),
        pytest.param("mysql://u:secret@h/d", id="another database"),
        pytest.param("postgresql://u:secret@h:port/d", id="port is no number"),
        pytest.param("sqlite://", id="memory"),
        pytest.param("sqlite:///:memory:", id="memory by name"),
    ],
)
def test_url_that_cannot_be_used_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="database_url") as caught:
        connect(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["postgresql://u:secret@h/d", "postgresql://u@h/d?password=secret", "bad:secret"]
)
def test_password_is_masked(url: str) -> None:
    assert "secret" not in masked(url)


def test_server_that_does_not_answer_is_named_without_its_password() -> None:
    engine = connect("postgresql://me:secret@127.0.0.1:1/none")
    with (
        pytest.raises(UnreachableError, match="run 'forensics") as caught,
        reading(engine) as session,
    ):
        session.execute(text("SELECT 1"))
    assert "127.0.0.1:1/none" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_locked_database_is_unreachable_for_now(sqlite_url: str) -> None:
    engine = connect(sqlite_url)
    event.listen(engine, "connect", lambda driver, _: driver.execute("PRAGMA busy_timeout = 1"))
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnreachableError, match="locked"), writing(engine) as session:
        session.execute(text("SELECT 1"))
    with reading(engine) as session:
        session.execute(text("SELECT count(*) FROM job"))
    other.close()
    engine.dispose()


def test_full_disk_is_unreachable_for_now(sqlite_url: str) -> None:
    engine = connect(sqlite_url)
    event.listen(engine, "connect", lambda driver, _: driver.execute("PRAGMA max_page_count = 1"))
    with pytest.raises(UnreachableError, match="full"), writing(engine) as session:
        jobs.sight(session, [seen(f"/in/{n}.mp4") for n in range(5000)], NOW)
    engine.dispose()


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42" * 100)
    engine = connect(f"sqlite:///{tmp_path / 'clip.mp4'}")
    with pytest.raises(StoreError, match="not a database"), reading(engine) as session:
        session.execute(text("SELECT 1"))
    engine.dispose()


def test_wrong_statement_is_a_bug_and_no_outage(sqlite_url: str) -> None:
    engine = connect(sqlite_url)
    with pytest.raises(OperationalError), reading(engine) as session:
        session.execute(text("SELECT nothing FROM nowhere"))
    engine.dispose()


def sight_and_break(engine: Engine) -> None:
    with writing(engine) as session:
        jobs.sight(session, [seen("/in/a.mp4")], NOW)
        raise RuntimeError


def test_exception_rolls_back(engine: Engine) -> None:
    with pytest.raises(RuntimeError):
        sight_and_break(engine)
    with reading(engine) as session:
        assert jobs.unfinished(session) == 0
