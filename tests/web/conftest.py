"""A site of its own for each test, visited without a network; what is uploaded is analysed when a test says so."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from forensics.analysis.analyse import Equipment
from forensics.daemon.service import Service
from forensics.settings import Settings
from forensics.store.database import connect
from forensics.web.app import create_app
from forensics.web.state import Site
from tests.inline import InlineExecutor

from ..distributions import write_still
from ..distributions.colour.forensics_colour import ColourDetector

HOST = "http://127.0.0.1:8080"
TOKEN = "a-token-that-nobody-guesses"  # noqa: S105


@dataclass
class Visit:
    """A visitor of a site, who sees errors as a browser does."""

    client: TestClient
    site: Site

    def get(self, address: str, **more: Any) -> Any:
        return self.client.get(address, **more)

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="(\w+)"', self.get("/").text)
        assert found
        return found[1]

    def send(self, *files: tuple[str, bytes], accept: str = "text/html", **fields: Any) -> Any:
        """Send files as the form does; its token comes first, unless another one is given."""
        data = {"csrf": self.csrf, **fields}
        parts = [("files", file) for file in files]
        return self.client.post("/uploads", data=data, files=parts, headers={"Accept": accept})

    def work(self) -> None:
        """Analyse what waits, with a detector that judges by colour."""
        equipment = Equipment(
            self.site.settings, (ColourDetector("colour", steady=True),), None, {}
        )
        service = Service(
            self.site.engine, self.site.settings, [self.site.inbox], InlineExecutor(equipment)
        )
        service.run(threading.Event(), once=True)

    def judged(self, colour: tuple[int, int, int], name: str = "a.png") -> str:
        """Upload a picture of one colour, have it analysed, and return the address of its verdict."""
        answer = self.send((name, picture(self.site.inbox.parent, colour)))
        self.work()
        return str(self.get(answer.headers["location"]).headers["location"])

    @property
    def stored(self) -> list[Path]:
        return sorted(self.site.inbox.iterdir())


def picture(folder: Path, colour: tuple[int, int, int]) -> bytes:
    """Return a PNG of one colour."""
    return write_still(folder / "made.png", colour).read_bytes()


def visit(site: Site) -> TestClient:
    """Return a client that follows no redirect and is shown errors as pages."""
    return TestClient(
        create_app(site), base_url=HOST, follow_redirects=False, raise_server_exceptions=False
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        settle_s=0.0,
        watcher="polling",
        max_upload_mb=1,
        evidence_folder=str(tmp_path / "evidence"),
    )


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    found = connect(sqlite_url)
    yield found
    found.dispose()


@pytest.fixture
def site(engine: Engine, settings: Settings, tmp_path: Path) -> Site:
    return Site(settings, engine, tmp_path / "inbox")


@pytest.fixture
def visitor(site: Site) -> Iterator[Visit]:
    with visit(site) as client:
        yield Visit(client, site)


@pytest.fixture
def guarded(site: Site) -> Iterator[Visit]:
    """Yield a visitor of a site that others can reach, who does not know its token."""
    with visit(replace(site, token=TOKEN)) as client:
        yield Visit(client, site)
