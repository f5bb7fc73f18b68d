"""What people do with the pages: upload and follow, find, export; without a mouse, on a phone, and with hostile names."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from . import clips
from .conftest import MAX_UPLOAD_MB, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload

pytestmark = pytest.mark.browser

SCRIPT = "<script>alert(1)<!--.mp4"
PAGES = {
    "upload": "/",
    "results": "/results",
    "nothing-found": "/search?q=none-such",
    "queue": "/status",
    "missing": "/verdicts/999999",
}
# Every place that the tab key should reach; of a group with arrow keys there is one.
REACHABLE = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, video, [tabindex]')]
  .filter((item) => !item.disabled && item.tabIndex >= 0 && item.type !== 'hidden' && item.checkVisibility()
    && !(item.type === 'radio' && !item.checked))
  .map((item) => item.outerHTML.slice(0, 200))"""
FOCUSED = "() => document.activeElement.outerHTML.slice(0, 200)"


def send(visitor: Visitor, *files: "FilePayload") -> None:
    """Choose files and press the button."""
    visitor.go("/")
    visitor.page.get_by_label("Videos or pictures").set_input_files([*files])
    visitor.page.get_by_role("button", name="Analyse").click()


def new_clip(media: dict[str, Path], name: str) -> "FilePayload":
    """Return a clip with bytes that were not seen yet, under a name."""
    content = media[clips.FAKE].read_bytes() + b"\0\0\0\x08free"  # an empty box at the end
    return {"name": name, "mimeType": "video/mp4", "buffer": content + name.encode()}


def test_clip_is_uploaded_followed_and_judged(visitor: Visitor, media: dict[str, Path]) -> None:
    visitor.go("/")
    visitor.keep("upload")
    send(visitor, new_clip(media, "from the desk.mp4"))
    visitor.page.wait_for_url("**/verdicts/*")
    assert visitor.page.get_by_role("heading", level=1).inner_text() == "from the desk.mp4"
    said = visitor.page.locator(".sentence").inner_text()
    assert "times more probable if the face was generated or altered" in said
    assert "5 were flagged: 5.0%" in visitor.page.locator(".rates").inner_text()
    visitor.go("/")
    visitor.page.get_by_role("link", name="from the desk.mp4", exact=True).wait_for()


def test_page_follows_a_job_that_waits(visitor: Visitor, media: dict[str, Path]) -> None:
    visitor.page.route("**/jobs/*/state", lambda route: route.abort(), times=1)
    visitor.expected.append("ERR_FAILED")
    files = [new_clip(media, f"{n}.mp4") for n in ("one", "two")]
    send(visitor, *files)
    visitor.page.wait_for_url("**/jobs?ids=*")
    visitor.keep("following")
    for name in ("one.mp4", "two.mp4"):
        job = visitor.page.locator("li.job", has_text=name)
        job.get_by_text("Flagged").wait_for()
        assert job.get_by_role("link", name="Open").get_attribute("href", timeout=5000)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("notes.txt", "is no video or picture by its name", id="by-its-name"),
        pytest.param("empty.mp4", "is empty", id="empty"),
    ],
)
def test_file_that_is_not_taken_is_said(visitor: Visitor, name: str, said: str) -> None:
    visitor.expected.append("422")
    content = b"" if name == "empty.mp4" else b"This is a text.\n"
    send(visitor, {"name": name, "mimeType": "text/plain", "buffer": content})
    problem = visitor.page.get_by_role("alert").filter(has_text=said)
    problem.wait_for()
    assert name in problem.inner_text()
    visitor.keep(f"refused-{name}")


def test_text_that_calls_itself_a_video_fails_with_a_next_step(visitor: Visitor) -> None:
    text: FilePayload = {
        "name": "notes.mp4",
        "mimeType": "video/mp4",
        "buffer": b"This is a text.\n" * 9,
    }
    send(visitor, text)
    visitor.page.get_by_text("Could not be analysed").wait_for()
    assert "unsupported" in visitor.page.locator("main").inner_text()
    visitor.keep("failed")


def test_file_over_the_limit_is_refused_before_it_is_sent(visitor: Visitor) -> None:
    sent: list[str] = []
    visitor.page.on("request", lambda request: sent.append(request.method))
    large = bytes(MAX_UPLOAD_MB * 1_000_000 + 1)
    send(visitor, {"name": "large.mp4", "mimeType": "video/mp4", "buffer": large})
    visitor.page.get_by_role("alert").filter(has_text="large.mp4: larger than 2.0 MB").wait_for()
    assert "POST" not in sent
    visitor.keep("too-large")


def test_name_with_a_script_is_text_everywhere(visitor: Visitor, media: dict[str, Path]) -> None:
    send(visitor, new_clip(media, SCRIPT))
    visitor.page.wait_for_url("**/verdicts/*")
    assert visitor.page.get_by_role("heading", level=1).inner_text() == SCRIPT
    scripts = visitor.page.locator("script:not([src]):not([type='application/json'])")
    assert not scripts.count()
    visitor.keep("hostile-name")
    for path in ("/", "/results"):
        visitor.go(path)
        assert visitor.page.get_by_role("link", name=SCRIPT, exact=True).count()
        assert not scripts.count()


def test_list_is_filtered_and_exported(visitor: Visitor) -> None:
    visitor.go("/results")
    visitor.page.get_by_label("Result", exact=True).select_option("real")
    visitor.page.get_by_label("Path", exact=True).fill("real.mp4")
    visitor.page.get_by_role("button", name="Show").click()
    visitor.page.wait_for_url("**label=real**")
    rows = visitor.page.locator("table.list tbody tr")
    assert rows.count() == 1
    assert "No indication" in rows.inner_text()
    visitor.keep("list")
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Export as CSV").click()
    with Path(download.value.path()).open(newline="") as file:
        exported = list(csv.DictReader(file))
    assert [(Path(row["path"]).name, row["label"]) for row in exported] == [("real.mp4", "real")]


def test_file_is_found_by_its_bytes(visitor: Visitor, media: dict[str, Path]) -> None:
    visitor.go("/results")
    visitor.page.get_by_label("File", exact=True).set_input_files(media[clips.REAL])
    visitor.page.get_by_role("button", name="Search").click()
    visitor.page.wait_for_url(f"**/verdicts/{visitor.server.verdicts[clips.REAL]}")


def test_word_of_an_examiner_is_added(visitor: Visitor) -> None:
    visitor.open_verdict(clips.REAL)
    visitor.page.get_by_label("Who says it").fill("K. Ito")
    visitor.page.get_by_label("What is said").fill("Seen with <b>two</b> others.")
    visitor.page.get_by_role("button", name="Add").click()
    visitor.page.get_by_text("Seen with <b>two</b> others.").wait_for()


def test_frames_and_faces_are_shown(visitor: Visitor) -> None:
    visitor.open_verdict(clips.FAKE)
    for strip in (".strip.frames", ".strip.faces"):
        picture = visitor.page.locator(f"{strip} img").first
        picture.scroll_into_view_if_needed()
        visitor.page.wait_for_function(
            "image => image.complete && image.naturalWidth > 100", arg=picture.element_handle()
        )
    visitor.keep("result")


@pytest.mark.parametrize("name", ["upload", "results", "result"])
def test_tab_key_reaches_everything(visitor: Visitor, name: str) -> None:
    visitor.go(PAGES.get(name, f"/verdicts/{visitor.server.verdicts[clips.FAKE]}"))
    if name == "result":
        visitor.page.wait_for_selector('#player[data-state="ready"]')
    wanted = visitor.page.evaluate(REACHABLE)
    reached = []
    for _ in range(3 * len(wanted)):  # a video's own controls are stops too
        visitor.page.keyboard.press("Tab")
        reached.append(visitor.page.evaluate(FOCUSED))
        if len(reached) > 1 and reached[-1] == reached[0]:
            break
    assert "To the content" in reached[0]
    assert not set(wanted) - set(reached)


def test_clip_is_sent_without_a_mouse(visitor: Visitor, media: dict[str, Path]) -> None:
    visitor.go("/")
    field = visitor.page.get_by_label("Videos or pictures")
    field.focus()
    field.set_input_files([new_clip(media, "keys.mp4")])  # the dialog between is the system's own
    for _ in range(20):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate("document.activeElement.type") == "submit":
            break
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url("**/verdicts/*")


@pytest.mark.parametrize("name", [*PAGES, "result"])
def test_nothing_is_wider_than_a_phone(visitor: Visitor, name: str) -> None:
    visitor.expected.append("404")
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    visitor.go(PAGES.get(name, f"/verdicts/{visitor.server.verdicts[clips.FAKE]}"))
    assert visitor.page.evaluate("document.scrollingElement.scrollWidth") <= 360
    visitor.keep(f"phone-{name}")


@pytest.mark.parametrize("name", [*PAGES, "result-video", "result-still", "failed"])
def test_pages_pass_the_accessibility_check(visitor: Visitor, name: str) -> None:
    axe = pytest.importorskip(
        "axe_core_python.sync_playwright", reason="axe-core-python is missing"
    )
    visitor.expected.append("404")
    visitor.go(address_of(visitor, name))
    if name.startswith("result-"):
        visitor.page.wait_for_selector('#player[data-state="ready"]')
        for details in visitor.page.locator("details").all():
            details.evaluate("item => { item.open = true }")
    found = axe.Axe().run(visitor.page)
    assert not [
        f"{one['id']} ({one['impact']}): {one['help']}: {node['html'][:200]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def address_of(visitor: Visitor, name: str) -> str:
    """Return the address of a page by its name in these tests."""
    if name == "failed":
        visitor.go(f"/results?state=failed&path={clips.NOTES}")
        return visitor.page.locator("table.list td.path a").first.get_attribute("href") or ""
    stored = clips.STILL if name == "result-still" else clips.FAKE
    return PAGES.get(name, f"/verdicts/{visitor.server.verdicts[stored]}")
