"""A real browser before a running `forensics web` with a database, an inbox and evidence of its own.

Chromium is the system's (Debian's package), driven by Playwright; where one of both is missing these tests are skipped,
and say so. Screenshots are kept below FORENSICS_SCREENSHOTS, or else in pytest's folder.
"""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from .. import system
from ..distributions import PATCH
from . import clips

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

WAIT_S = 60.0
MAX_UPLOAD_MB = 2
FLAGS = (  # a sandbox of its own can't be had as root
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


@dataclass
class Running:
    """A server that runs, and the clips that were put into its inbox."""

    address: str
    inbox: Path
    verdicts: dict[str, int] = field(default_factory=dict)


def until(condition: Callable[[], Any], what: str) -> Any:
    """Return what a condition gives as soon as it gives something; a server of another process is asked for it."""
    end = time.monotonic() + WAIT_S
    while not (found := condition()):
        if time.monotonic() > end:
            pytest.fail(f"{what} did not come within {WAIT_S:.0f} s")
        time.sleep(0.05)
    return found


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("web")


@pytest.fixture(scope="session")
def media(home: Path) -> dict[str, Path]:
    """Return the clips by their names."""
    (home / "media").mkdir()
    names = (clips.FAKE, clips.REAL, clips.OLD, clips.TURNED, clips.STILL)
    return {name: clips.write(name, home / "media") for name in names}


@pytest.fixture(scope="session")
def server(home: Path) -> Iterator[Running]:
    """Run `forensics web` on a free port."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FORENSICS_")},
        "FORENSICS_DATABASE_URL": f"sqlite:///{home / 'forensics.sqlite3'}",
        "FORENSICS_EVIDENCE_FOLDER": str(home / "evidence"),
        "FORENSICS_MAX_UPLOAD_MB": str(MAX_UPLOAD_MB),
        "FORENSICS_PLUGINS": "patch",
        "FORENSICS_SETTLE_S": "0.2",
        "FORENSICS_THREADS": "1",
        "PYTHONPATH": str(PATCH),
        "PYTHONUNBUFFERED": "1",
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
    }
    command = [sys.executable, "-m", "forensics.cli", "web", "--port", "0"]
    command += ["--inbox", str(home / "inbox")]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log)
    with process:
        assert process.stdout
        address = process.stdout.readline().decode().strip().rstrip("/")
        assert address, (home / "log").read_text()
        until(lambda: answers(address), f"an answer of {address}")
        yield Running(address, home / "inbox")
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0, (home / "log").read_text()


def answers(address: str) -> bool:
    """Say whether a server listens."""
    try:
        with urlopen(Request(f"{address}/static/style.css", method="HEAD")):  # noqa: S310
            return True
    except URLError:
        return False


@pytest.fixture(scope="session")
def filled(server: Running, media: dict[str, Path]) -> Running:
    """Put every clip and a text into the inbox, as a copying program does, and wait until all have ended."""
    notes = media[clips.FAKE].with_name(clips.NOTES)
    notes.write_text("This is a text, whatever its name says.")
    for path in (*media.values(), notes):
        part = server.inbox / f".{path.name}.part"
        shutil.copy(path, part)
        part.rename(server.inbox / path.name)

    def ended() -> dict[str, int]:
        with urlopen(f"{server.address}/results.csv") as answer:  # noqa: S310  our own server
            rows = [*csv.DictReader(answer.read().decode().splitlines())]
        found = {Path(row["path"]).name: int(row["verdict_id"] or 0) for row in rows}
        return found if {*media, notes.name} <= found.keys() else {}

    server.verdicts = until(ended, "the verdicts on the clips")
    return server


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Start the browser; each module has one, so that Playwright's event loop is not left behind for other tests."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is missing")
    found = system.browser()
    if found is None:
        pytest.skip(f"there is no Chromium: {system.ADVICE}")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=found, args=[*FLAGS])
        yield opened
        opened.close()


@dataclass
class Visitor:
    """A tab of the browser. What its console complains of must have been expected: `expected` has parts of such lines."""

    page: "Page"
    server: Running
    folder: Path
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page of the server."""
        self.page.goto(self.server.address + path)

    def open_verdict(self, name: str) -> None:
        """Open the result of a clip, and wait until its picture can be shown."""
        self.go(f"/verdicts/{self.server.verdicts[name]}")
        self.page.wait_for_selector('#player[data-state="ready"]')

    def keep(self, name: str) -> None:
        """Keep a picture of the whole page."""
        self.page.screenshot(path=self.folder / f"{name}.png", full_page=True)

    def heard(self, message: "ConsoleMessage") -> None:
        """Note what the console says."""
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location['url']})")

    @property
    def unexpected(self) -> list[str]:
        return [line for line in self.complaints if not any(e in line for e in self.expected)]


@pytest.fixture
def visitor(
    browser: "Browser", filled: Running, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visitor]:
    """Open a tab of a new profile; when the test is over, nothing unexpected may be in its console."""
    asked = os.environ.get("FORENSICS_SCREENSHOTS")
    folder = Path(asked).absolute() if asked else tmp_path_factory.getbasetemp() / "screenshots"
    context = browser.new_context(viewport={"width": 1100, "height": 900}, accept_downloads=True)
    context.set_default_timeout(WAIT_S * 1000)
    page = context.new_page()
    found = Visitor(page, filled, folder)
    page.on("console", found.heard)
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("dialog", lambda dialog: found.complaints.append(f"dialog: {dialog.message}"))
    yield found
    context.close()
    assert not found.unexpected
