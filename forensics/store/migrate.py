"""The schema's revisions. A new SQLite file gets its schema by itself; an older one is copied before it is changed.

A revision's file is named `<revision>_<words>.py`, and revisions sort in the order of their names, so that asking for
the newest one needs no alembic.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, func, inspect, select, text

from ..clock import utc_now
from ..errors import SchemaError, StoreError
from .database import MIGRATE_TURN, TURNS, answering, is_sqlite, masked, unreachable, writer

VERSION_TABLE = "alembic_version"


def folder() -> Path:
    """Return the folder of the migrations: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    places = (package / "alembic", package.parent / "alembic")
    for place in places:
        if (place / "env.py").is_file():
            return place
    raise StoreError(f"{places[0]}: the migrations are missing; install the program again")


def revisions() -> list[str]:
    """Return all revisions this program knows, oldest first."""
    return sorted(path.name.split("_")[0] for path in (folder() / "versions").glob("[0-9]*_*.py"))


def head() -> str:
    """Return the revision that this program works with."""
    return revisions()[-1]


def current(engine: Engine) -> str | None:
    """Return the database's revision, or None when it has none yet."""
    with answering(engine), engine.connect() as connection:
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    """Return the revision that a connection sees. Raises SchemaError for a database with only foreign tables."""
    tables = inspect(connection)
    if tables.has_table(VERSION_TABLE):
        revision: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608  a constant of ours
        return revision
    if tables.get_table_names():
        raise SchemaError(
            f"{masked(connection.engine.url)}: it holds tables of another program; "
            "name a database of its own in FORENSICS_DATABASE_URL"
        )
    return None


def ensure(engine: Engine, *, may_upgrade: bool) -> None:
    """See to it that the schema is this program's.

    A new SQLite file is always set up; an older one is upgraded only if the caller may. Raises SchemaError otherwise.
    """
    have, want = current(engine), head()
    if have == want:
        return
    refuse_newer(engine, have)
    if is_sqlite(engine) and (have is None or may_upgrade):
        upgrade(engine)
        return
    state = "has no schema yet" if have is None else f"has schema {have}, this program needs {want}"
    raise SchemaError(f"{masked(engine.url)}: {state}; run 'forensics db upgrade'")


def refuse_newer(engine: Engine, have: str | None) -> None:
    """Raise SchemaError for a revision that this program does not know."""
    if have is not None and have not in revisions():
        raise SchemaError(
            f"{masked(engine.url)}: its schema {have} is newer than this program's {head()}; "
            "upgrade the program: pip install --upgrade media-forensics"
        )


def upgrade(engine: Engine) -> None:
    """Bring the schema to `head`; of several processes that start at once, one does it and the others wait."""
    with answering(engine), alone(engine) as connection:
        have = revision_of(connection)
        refuse_newer(engine, have)
        if have == head():
            return
        if is_sqlite(engine) and have is not None:
            back_up(engine, have)
        run_migrations(connection)


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """Give a connection in a transaction that keeps other migrations out.

    On SQLite foreign keys are off in it: a migration that rebuilds a table drops the old one for a moment.
    """
    with writer(engine).connect() as connection:
        set_foreign_keys(connection, on=False)
        try:
            with connection.begin():
                if not is_sqlite(engine):
                    connection.execute(select(func.pg_advisory_xact_lock(TURNS, MIGRATE_TURN)))
                yield connection
        finally:
            set_foreign_keys(connection, on=True)


def set_foreign_keys(connection: Connection, *, on: bool) -> None:
    """Switch SQLite's foreign keys; it ignores this inside a transaction, so the driver is used directly."""
    driver = connection.connection.dbapi_connection
    if isinstance(driver, sqlite3.Connection):
        driver.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def run_migrations(connection: Connection) -> None:
    """Apply what is missing, in the connection's own transaction."""
    from alembic.config import Config

    from alembic import command

    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def back_up(engine: Engine, revision: str) -> Path:
    """Copy a SQLite database beside itself, as it was before this transaction; returns the copy's path."""
    source = Path(str(engine.url.database))
    moment = utc_now().strftime("%Y%m%dT%H%M%SZ")
    copy = source.with_name(f"{source.name}.{moment}.{revision}.bak")
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(copy)) as new:
            old.backup(new)
        shutil.copymode(source, copy)
    except (sqlite3.Error, OSError) as error:
        copy.unlink(missing_ok=True)
        raise unreachable(engine, error) from error
    return copy
