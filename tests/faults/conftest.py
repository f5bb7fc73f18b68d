"""A site for each test, on a database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from .daemons import Site, environment


@pytest.fixture
def site(tmp_path: Path, engine: Engine) -> Iterator[Site]:
    """Yield a folder and a database with the schema, on SQLite and on PostgreSQL."""
    (tmp_path / "inbox").mkdir()
    found = Site(tmp_path, engine, environment(tmp_path, engine))
    yield found
    found.kill_all()
