"""The report as a browser shows it: accessible, without a word to a network, as wide as a phone, and on paper."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from forensics.records import Label, Reason
from forensics.report.page import html_report

from ..report.samples import failed, note, scored, shots, statement, told

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

DESKTOP, PHONE = (1000, 800), (360, 740)
LONG = "a_name_without_a_space_" * 12 + "<script>document.title = 'ran'</script>.mp4"
RECORDS = {
    "fake": told(statement("Container: mp4."), scored(tracks=2), path=f"/evidence/{LONG}"),
    "inconclusive": told(
        scored(log10_lr=0.1), label=Label.INCONCLUSIVE, reason=Reason.NEAR_THRESHOLD, log10_lr=0.1
    ),
    "not-assessed": told(statement("x"), label=Label.NOT_ASSESSED, reason=Reason.NO_FACE),
    "failed": replace(failed(), reviews=(note("It came so."),)),
}


@dataclass
class Reader:
    """Opens reports, and notes what they ask a network for and what the console complains of."""

    page: "Page"
    folder: Path
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, name: str, size: tuple[int, int] = DESKTOP) -> None:
        file = self.folder / f"{name}.html"
        file.write_text(html_report(RECORDS[name], shots(self.folder, tracks=2)))
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.goto(file.as_uri())


@pytest.fixture
def reader(browser: "Browser", tmp_path: Path) -> Iterator[Reader]:
    page = browser.new_page()
    found = Reader(page, tmp_path)
    page.on("request", lambda request: found.asked.append(request.url))
    page.on("console", lambda message: found.complaints.append(message.text))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    yield found
    page.close()


@pytest.mark.parametrize("name", RECORDS)
def test_report_passes_the_accessibility_check(reader: Reader, name: str) -> None:
    axe = pytest.importorskip(
        "axe_core_python.sync_playwright", reason="axe-core-python is missing"
    )
    reader.open(name)
    found: dict[str, Any] = axe.Axe().run(reader.page)
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]] == []
    assert len(found["passes"]) > 15


@pytest.mark.parametrize("name", RECORDS)
def test_report_asks_for_nothing_and_runs_nothing(reader: Reader, name: str) -> None:
    reader.open(name)
    assert {url.partition(":")[0] for url in reader.asked} <= {"file", "data"}
    assert len([url for url in reader.asked if url.startswith("file:")]) == 1
    assert reader.complaints == []
    assert reader.page.title() != "ran"


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_reaches_beyond_the_screen(
    reader: Reader, name: str, size: tuple[int, int]
) -> None:
    reader.open(name, size)
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_every_picture_is_shown(reader: Reader) -> None:
    reader.open("fake")
    widths = reader.page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert len(widths) > 20
    assert all(width == 160 for width in widths)


def test_first_page_fits_on_a4_with_the_conclusion(reader: Reader) -> None:
    reader.open("inconclusive", (680, 960))
    reader.page.emulate_media(media="print")
    height = reader.page.evaluate(
        "document.querySelector('.first').getBoundingClientRect().bottom * 25.4 / 96"
    )
    assert height < 297 - 14 - 16
