"""The schema's revisions, on both databases."""

import multiprocessing
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from alembic import command
from forensics.errors import SchemaError
from forensics.store import migrate
from forensics.store.database import connect, writer
from forensics.store.models import Table

from .samples import analyse, seen, sight

HEAD = migrate.head()
NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9000", "{head}", None, None

def upgrade():
    recreate = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("sighting", recreate=recreate) as batch:
        batch.add_column(sa.Column("colour", sa.Text()))
"""


def config(engine: Engine) -> Config:
    found = Config()
    found.set_main_option("script_location", str(migrate.folder()))
    return found


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make this program one that knows one more revision."""
    folder = tmp_path / "per%cent" / "alembic"
    shutil.copytree(migrate.folder(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9000_colour.py").write_text(NEXT.format(head=HEAD))
    monkeypatch.setattr(migrate, "folder", lambda: folder)
    return folder


def stamp(engine: Engine, revision: str) -> None:
    with writer(engine).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})


def test_upgrade_makes_the_tables_of_the_models(empty_engine: Engine) -> None:
    assert migrate.current(empty_engine) is None
    migrate.upgrade(empty_engine)
    assert migrate.current(empty_engine) == migrate.head()
    found = config(empty_engine)
    with writer(empty_engine).begin() as connection:
        found.attributes["connection"] = connection
        command.check(found)
        assert set(inspect(connection).get_table_names()) == {
            *Table.metadata.tables,
            "alembic_version",
        }


def test_revisions_are_those_of_alembic(sqlite_url: str) -> None:
    script = ScriptDirectory.from_config(config(connect(sqlite_url)))
    assert [s.revision for s in script.walk_revisions()] == migrate.revisions()[::-1]


def test_downgrade_leaves_nothing(engine: Engine) -> None:
    found = config(engine)
    with writer(engine).begin() as connection:
        found.attributes["connection"] = connection
        command.downgrade(found, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]


def test_upgrade_twice_changes_nothing(engine: Engine) -> None:
    migrate.upgrade(engine)
    assert migrate.current(engine) == migrate.head()


@pytest.mark.parametrize("empty_engine", ["sqlite"], indirect=True)
def test_new_sqlite_file_is_set_up_for_anyone(empty_engine: Engine, tmp_path: Path) -> None:
    migrate.ensure(empty_engine, may_upgrade=False)
    assert migrate.current(empty_engine) == migrate.head()
    assert not list(tmp_path.glob("*.bak"))


@pytest.mark.parametrize("empty_engine", ["postgresql"], indirect=True)
def test_new_postgresql_database_is_set_up_on_request_only(empty_engine: Engine) -> None:
    with pytest.raises(SchemaError, match="run 'forensics db upgrade'"):
        migrate.ensure(empty_engine, may_upgrade=True)
    assert migrate.current(empty_engine) is None


@pytest.mark.usefixtures("newer")
def test_older_schema_is_refused_to_queries(engine: Engine) -> None:
    with pytest.raises(SchemaError, match="run 'forensics db upgrade'"):
        migrate.ensure(engine, may_upgrade=False)
    assert migrate.current(engine) == HEAD


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_older_sqlite_file_is_copied_then_upgraded(
    engine: Engine, request: pytest.FixtureRequest
) -> None:
    analyse(engine, "/in/a.mp4")
    request.getfixturevalue("newer")
    migrate.ensure(engine, may_upgrade=True)
    file = Path(str(engine.url.database))
    (copy,) = file.parent.glob(f"forensics.sqlite3.*Z.{HEAD}.bak")
    with closing(sqlite3.connect(copy)) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
        assert old.execute("SELECT path FROM sighting").fetchall() == [("/in/a.mp4",)]
    with engine.connect() as connection:
        row = connection.execute(text("SELECT path, colour FROM sighting")).one()
        assert row == ("/in/a.mp4", None)
        assert not connection.execute(text("PRAGMA foreign_key_check")).all()
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("newer")
def test_older_postgresql_database_is_upgraded_on_request_only(engine: Engine) -> None:
    with pytest.raises(SchemaError, match="run 'forensics db upgrade'"):
        migrate.ensure(engine, may_upgrade=True)
    migrate.upgrade(engine)
    assert migrate.current(engine) == "9000"


def test_newer_schema_is_refused(engine: Engine) -> None:
    stamp(engine, "9999")
    with pytest.raises(SchemaError, match="schema 9999 is newer than this program's"):
        migrate.ensure(engine, may_upgrade=True)
    with pytest.raises(SchemaError, match="newer"):
        migrate.upgrade(engine)


def test_database_of_another_program_is_refused(empty_engine: Engine) -> None:
    with writer(empty_engine).begin() as connection:
        connection.execute(text("CREATE TABLE invoices (id INTEGER)"))
    with pytest.raises(SchemaError, match="tables of another program"):
        migrate.ensure(empty_engine, may_upgrade=True)


def test_failed_migration_leaves_the_old_schema(engine: Engine, newer: Path) -> None:
    sight(engine, seen("/in/a.mp4"))
    broken = NEXT.format(head=HEAD) + "    raise RuntimeError('broken')\n"
    (newer / "versions" / "9000_colour.py").write_text(broken)
    with pytest.raises(RuntimeError, match="broken"):
        migrate.upgrade(engine)
    assert migrate.current(engine) == HEAD
    assert "colour" not in {c["name"] for c in inspect(engine).get_columns("sighting")}


def start(url: str) -> None:
    engine = connect(url)
    migrate.ensure(engine, may_upgrade=True)
    engine.dispose()


@pytest.mark.parametrize("empty_engine", ["sqlite"], indirect=True)
def test_processes_that_start_at_once_migrate_once(empty_engine: Engine) -> None:
    context = multiprocessing.get_context("spawn")
    url = empty_engine.url.render_as_string(hide_password=False)
    processes = [context.Process(target=start, args=(url,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 2
    assert migrate.current(empty_engine) == migrate.head()
