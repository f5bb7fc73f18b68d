"""Connections: SQLite in a file by default, PostgreSQL by URL. Nothing is opened at import."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Integer,
    bindparam,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from ..errors import SettingsError, StoreError, UnreachableError

BUSY_TIMEOUT_S = 10
CHUNK = 500
DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
MISUSED = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE}
Item = TypeVar("Item")


def connect(url: str) -> Engine:
    """Return an engine; the database itself is opened by the first use. A new SQLite file's folder is made.

    Raises SettingsError for a URL that can't be used and UnreachableError for a folder that can't be made.
    """
    try:
        parsed = make_url(url)
        driver = DRIVERS[parsed.drivername]
    except KeyError as error:
        raise SettingsError(f"database_url: {error} is no database known here; {FORMS}") from error
    except (ArgumentError, ValueError) as error:
        raise SettingsError(f"database_url: it can't be understood; {FORMS}") from error
    if driver.startswith("sqlite"):
        return connect_sqlite(url, parsed.database)
    return connect_postgresql(parsed.set(drivername=driver).render_as_string(hide_password=False))


FORMS = "write sqlite:////folder/file.sqlite3 or postgresql://user@host/name"


def connect_sqlite(url: str, file: str | None) -> Engine:
    """Return an engine for a SQLite file."""
    if not file or file == ":memory:":
        raise SettingsError(f"database_url: {url!r} names no file; {FORMS}")
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    try:
        if not file.startswith("file:"):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unreachable(engine, error) from error
    event.listen(engine, "connect", prepare_sqlite)
    event.listen(engine, "begin", begin_sqlite)
    return engine


def connect_postgresql(url: str) -> Engine:
    """Return an engine for a PostgreSQL database."""
    try:
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    except (ImportError, NoSuchModuleError) as error:
        raise SettingsError(
            "database_url: PostgreSQL needs psycopg; run \"pip install 'media-forensics[postgres]'\""
        ) from error


def prepare_sqlite(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    """Set up a new SQLite connection; transactions are begun by `begin_sqlite`, not by the driver."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    with suppress(
        sqlite3.OperationalError
    ):  # read-only, or another process is switching it just now
        connection.execute("PRAGMA journal_mode = WAL")


def begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once when writing: a lock that is upgraded midway can't be waited for."""
    is_writing = connection.get_execution_options().get("forensics_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def writer(engine: Engine) -> Engine:
    """Return the engine in its writing form."""
    return engine.execution_options(forensics_writing=True)


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Give a session whose transaction is committed at the end, or rolled back by an exception.

    Raises UnreachableError when the database does not answer, is locked or is full.
    """
    with (
        answering(engine),
        Session(writer(engine), expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Give a session to read with; raises UnreachableError like `writing`."""
    with answering(engine), Session(engine, expire_on_commit=False) as session:
        yield session


@contextmanager
def answering(engine: Engine) -> Iterator[None]:
    """Turn the driver's errors about the database's state into errors that name it."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        if sqlite_code(error) in MISUSED:
            raise
        raise unreachable(engine, getattr(error, "orig", error)) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise unreachable(engine, error.orig) from error
        if sqlite_code(error) in DAMAGED:
            raise StoreError(damaged(engine, error.orig)) from error
        raise


def sqlite_code(error: Exception) -> int | None:
    """Return SQLite's primary result code, or None for any other error."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def unreachable(engine: Engine, error: object) -> UnreachableError:
    """Return the error for a database that does not answer."""
    why = " ".join(str(error).split())
    return UnreachableError(
        f"{masked(engine.url)}: {why}; check FORENSICS_DATABASE_URL, the server or the disk, "
        "then run 'forensics status'"
    )


def damaged(engine: Engine, error: object) -> str:
    """Return the sentence for a file that SQLite refuses."""
    return (
        f"{masked(engine.url)}: {error}; name another file in FORENSICS_DATABASE_URL, "
        "or put a backup (*.bak) in its place, then run 'forensics status'"
    )


def masked(url: str | URL) -> str:
    """Return a database URL as it may be shown: without passwords."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "the database"
    if "password" in parsed.query:
        parsed = parsed.update_query_dict({"password": "***"})
    return parsed.render_as_string(hide_password=True)


def is_sqlite(bind: Engine | Connection | Session) -> bool:
    """Say whether this is SQLite, and not PostgreSQL."""
    bind = bind.get_bind() if isinstance(bind, Session) else bind
    return bind.dialect.name == "sqlite"


def take_turn(session: Session, what: int) -> None:
    """Wait until no other transaction has this turn; it ends with the transaction. SQLite writers have it anyway."""
    if not is_sqlite(session):
        session.connection().execute(TURN, {"what": what})


TURNS = 0x666F7265  # "fore", so that other programs in the same database are not met
TURN = select(func.pg_advisory_xact_lock(TURNS, bindparam("what", type_=Integer)))
CHAIN_TURN, SIGHT_TURN, MIGRATE_TURN = 1, 2, 3


def chunks(items: Iterable[Item], size: int = CHUNK) -> Iterator[list[Item]]:
    """Yield lists of at most `size`, for statements with that many values."""
    left = iter(items)
    while chunk := list(islice(left, size)):
        yield chunk


def insert_unless_there(session: Session, table: type[Any], values: dict[str, Any]) -> int | None:
    """Insert a row and return its id, or None when its unique key is there; waits for whoever inserts the same."""
    statement = insertion(table.__tablename__, is_sqlite(session))
    made: int | None = session.connection().execute(statement, values).scalar()
    return made


@cache
def insertion(name: str, for_sqlite: bool) -> Any:
    """Return the statement that inserts a row into a table unless its unique key is there, and returns its id.

    Imported here: a database's own clauses bring all of its drivers along.
    """
    from .models import Table

    table = Table.metadata.tables[name]
    if for_sqlite:
        from sqlalchemy.dialects.sqlite import insert as insert_sqlite

        return insert_sqlite(table).on_conflict_do_nothing().returning(table.c.id)
    from sqlalchemy.dialects.postgresql import insert

    return insert(table).on_conflict_do_nothing().returning(table.c.id)
