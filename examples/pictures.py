"""Make the pictures in docs/pictures anew, from the demo's manipulated clip: its report, and its page in a browser.

    python -m examples.pictures

Needs Chromium (`make system-packages`). The face is that of NASA's portrait of Eileen Collins.
"""

import io
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, FloatRect, Locator, Page, sync_playwright

from examples.demo import ROOT, forensics, material, out
from tests.system import ADVICE, browser

PICTURES = ROOT / "docs" / "pictures"
CLIP = "portrait-manipulated.mp4"
PAPER = (800, 1131)  # CSS pixels, as wide and high as A4 is
MARGIN, GAP, GREY = 40, 8, (200, 200, 200)
FADE_MS = 2000  # until the player's own sign of waiting has gone
CASE, EXHIBIT, EXAMINER = "A-17", "3", "R. Diaz"


def main() -> int:
    """Make both pictures; returns 1 where there is no browser."""
    found = browser()
    if found is None:
        out.print(f"there is no Chromium: {ADVICE}")
        return 1
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        home = Path(folder)
        clip = next(path for path in material(made(home)) if path.name == CLIP)
        environment = {
            **os.environ,
            "FORENSICS_DATABASE_URL": f"sqlite:///{home / 'forensics.sqlite3'}",
            "FORENSICS_EVIDENCE_FOLDER": str(home / "evidence"),
        }
        forensics(environment, "scan", "--case", CASE, "--exhibit", EXHIBIT, str(clip))
        opened = started.chromium.launch(executable_path=found, args=["--no-sandbox"])
        report(opened, environment, home / "report.html")
        page(opened, environment, home / "inbox")
    return 0


def made(home: Path) -> Path:
    """Return a new folder for the demo's material."""
    folder = home / "made"
    folder.mkdir()
    return folder


def report(browser: Browser, environment: dict[str, str], file: Path) -> None:
    """Keep three pages of the clip's report side by side."""
    forensics(environment, "report", "1", "--examiner", EXAMINER, "-o", str(file))
    tab = browser.new_page(viewport={"width": PAPER[0] - 2 * MARGIN, "height": PAPER[1]})
    tab.emulate_media(media="print")
    tab.goto(file.as_uri())
    names = ("conclusion", "timeline", "faces")
    last, *later = (tab.locator(f'section[aria-labelledby="{name}"]') for name in names)
    first = tab.screenshot(clip=down_to(tab, last), full_page=True)
    shown = [first, *(part.screenshot() for part in later)]
    sheet = Image.new("RGB", (3 * PAPER[0] + 4 * GAP, PAPER[1] + 2 * GAP), GREY)
    for i, data in enumerate(shown):
        paper = Image.new("RGB", PAPER, "white")
        paper.paste(Image.open(io.BytesIO(data)), (MARGIN, MARGIN))
        sheet.paste(paper, (GAP + i * (PAPER[0] + GAP), GAP))
    sheet.save(PICTURES / "report.png", optimize=True)


def down_to(tab: Page, part: Locator) -> FloatRect:
    """Return the region of a page from its head to the end of one of its parts."""
    box = part.bounding_box()
    size = tab.viewport_size
    if box is None or size is None:
        raise LookupError("the page has no such part")
    return {"x": 0, "y": 0, "width": size["width"], "height": box["y"] + box["height"] + GAP}


def page(browser: Browser, environment: dict[str, str], inbox: Path) -> None:
    """Keep the clip's page as `forensics web` shows it."""
    command = [sys.executable, "-m", "forensics.cli", "web", "--port", "0", "--no-daemon"]
    command += ["--inbox", str(inbox)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = server.stdout.readline().strip().rstrip("/") if server.stdout else ""
            tab = browser.new_page(viewport={"width": 750, "height": 1280})
            tab.goto(f"{address}/verdicts/1")
            tab.wait_for_selector('#player[data-state="ready"]')
            tab.wait_for_function("document.querySelector('video').readyState >= 3")
            tab.wait_for_timeout(FADE_MS)
            region = down_to(tab, tab.locator(".player-stage"))
            tab.screenshot(path=PICTURES / "page.jpg", quality=85, clip=region, full_page=True)
        finally:
            server.send_signal(signal.SIGTERM)


if __name__ == "__main__":
    raise SystemExit(main())
