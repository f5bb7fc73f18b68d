"""Rewriting a database so that nothing that was deleted is left in its files."""

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from ..errors import StoreError
from .database import answering, is_sqlite, masked
from .migrate import VERSION_TABLE
from .models import Table


def overwrite_deleted(session: Session) -> None:
    """Let SQLite overwrite with zeros what this transaction deletes; PostgreSQL keeps it until it is rewritten."""
    if is_sqlite(session):
        session.connection().exec_driver_sql("PRAGMA secure_delete = ON")


def compact(engine: Engine) -> None:
    """Rewrite a database's files; needs as much free disk again as it has, and on PostgreSQL locks each table for that time.

    PostgreSQL's own log (WAL), its replicas and all backups keep what they have. Raises StoreError when another process
    keeps SQLite's log from being emptied, and UnreachableError when there is no room.
    """
    with answering(engine):
        if is_sqlite(engine):
            compact_sqlite(engine)
        else:
            compact_postgresql(engine)


def compact_sqlite(engine: Engine) -> None:
    """Rewrite the file, and empty the log beside it."""
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        if not isinstance(driver, sqlite3.Connection):
            raise TypeError(f"{type(driver).__name__} is no connection to SQLite")
        try:
            driver.execute("PRAGMA secure_delete = ON")
            driver.execute("VACUUM")
            busy = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.OperationalError as error:
            raise remaining(engine, str(error)) from error
    if busy:
        raise remaining(engine, "another process is reading it")


def remaining(engine: Engine, why: str) -> StoreError:
    """Return the error for a file that still has what was deleted."""
    return StoreError(
        f"{masked(engine.url)}: {why}, so what was deleted may still be in its file or in the -wal file beside it; "
        "stop what uses it, see that there is room, and run 'forensics db compact'"
    )


def compact_postgresql(engine: Engine) -> None:
    """Write each table anew."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in (*Table.metadata.tables, VERSION_TABLE):
            connection.execute(text(f'VACUUM FULL "{name}"'))


def backups(engine: Engine) -> list[Path]:
    """Return the copies that migrations made of a SQLite file: what is erased now is still in them."""
    if not is_sqlite(engine) or not engine.url.database:
        return []
    file = Path(engine.url.database)
    return sorted(file.parent.glob(f"{file.name}.*.bak"))
