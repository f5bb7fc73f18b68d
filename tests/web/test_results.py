"""The list, the search and the queue's page."""

import csv
import io
from pathlib import Path

import pytest
from sqlalchemy import Engine

from forensics.store.database import reading, writing
from forensics.store.models import Sighting

from ..distributions.colour.forensics_colour import FAKE, REAL
from .conftest import Visit, picture

FAKE_ID, REAL_ID = "/verdicts/1", "/verdicts/2"


@pytest.fixture
def filled(visitor: Visit, tmp_path: Path) -> Visit:
    """A flagged picture, one without indication, and a text, each in a job of its own."""
    visitor.send(("red.png", picture(tmp_path, FAKE)), case="A-17")
    visitor.work()
    visitor.send(("green.png", picture(tmp_path, REAL)), ("text.mp4", b"no video"))
    visitor.work()
    return visitor


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param("", {"red.png", "green.png", "text.mp4"}, id="all"),
        pytest.param("label=fake", {"red.png"}, id="label"),
        pytest.param("state=failed", {"text.mp4"}, id="state"),
        pytest.param("case=A-17", {"red.png"}, id="case"),
        pytest.param("detector=colour", {"red.png", "green.png"}, id="detector"),
        pytest.param("detector=none-such", set(), id="no-detector"),
        pytest.param("path=.mp4", {"text.mp4"}, id="part-of-a-path"),
        pytest.param("path=*.png&label=real", {"green.png"}, id="pattern-and-label"),
        pytest.param("since=2999-01-01", set(), id="future"),
        pytest.param("since=2000-01-01&label=", {"red.png", "green.png", "text.mp4"}, id="past"),
    ],
)
def test_filters_choose_the_rows(filled: Visit, query: str, names: set[str]) -> None:
    page = filled.get(f"/results?{query}")
    assert page.status_code == 200
    assert {
        name for name in ("red.png", "green.png", "text.mp4") if f">{name}<" in page.text
    } == names


@pytest.mark.parametrize("query", ["label=false", "state=gone", "since=yesterday", "after=x"])
def test_word_that_is_no_filter_is_said(filled: Visit, query: str) -> None:
    page = filled.get(f"/results?{query}")
    assert page.status_code == 400
    assert query.partition("=")[2] in page.text


def test_pages_go_on_after_the_last_row(filled: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forensics.web.result_list.PAGE_ROWS", 2)
    first = filled.get("/results?state=all").text
    assert first.count('class="path"') == 2
    address = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert address.startswith("/results?state=all&after=")
    second = filled.get(address).text
    assert second.count('class="path"') == 1
    assert 'rel="next"' not in second
    assert 'href="/results?state=all">Newest' in second


def test_csv_has_every_row_and_no_formula(
    filled: Visit, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(engine) as session:
        for seen in session.query(Sighting):
            seen.path = "=cmd()" if seen.exhibit == "red.png" else seen.path
    monkeypatch.setattr("forensics.web.result_list.CSV_ROWS", 1)
    answer = filled.get("/results.csv?state=all")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 3
    assert {row["label"] or row["error"] for row in rows} == {"fake", "real", "unsupported"}
    assert "'=cmd()" in {row["path"] for row in rows}
    only = filled.get("/results.csv?label=real").text
    assert len(only.splitlines()) == 2


@pytest.mark.parametrize("part", ["hash", "start of the hash", "path", "number"])
def test_search_finds_a_verdict(filled: Visit, part: str) -> None:
    told = filled.get(f"{REAL_ID}.json").json()
    key = {
        "hash": told["sha256"],
        "start of the hash": told["sha256"][:8].upper(),
        "path": told["path"],
        "number": "2",
    }[part]
    assert filled.get("/search", params={"q": f" {key} "}).headers["location"] == REAL_ID


def test_search_finds_a_failure(filled: Visit) -> None:
    failed = next(path for path in filled.stored if path.suffix == ".mp4")
    assert filled.get("/search", params={"q": str(failed)}).headers["location"] == "/jobs/3"


def test_search_by_a_file_keeps_nothing(filled: Visit, tmp_path: Path) -> None:
    stored = filled.stored
    answer = filled.client.post(
        "/search",
        data={"csrf": filled.csrf},
        files={"file": ("other-name.png", picture(tmp_path, FAKE))},
    )
    assert filled.get(answer.headers["location"]).headers["location"] == FAKE_ID
    assert filled.stored == stored


def test_search_without_a_find_says_so(filled: Visit) -> None:
    answer = filled.get("/search?q=<script>")
    assert answer.status_code == 404
    assert "Nothing is known of &lt;script&gt;." in answer.text
    assert filled.get("/search").status_code == 200


def test_queue_page_counts_and_names_the_last_failure(filled: Visit) -> None:
    page = filled.get("/status").text
    assert "No daemon is alive" in page
    assert "unsupported" in page
    assert '<dt>Done</dt><dd class="big">2</dd>' in page


@pytest.mark.parametrize(
    "address",
    [
        "/verdicts/99", "/verdicts/99.json", "/verdicts/99/media", "/verdicts/99/faces/0.jpg", "/jobs/99",
        "/jobs/99/state", "/jobs?ids=99", "/jobs", "/weights/", "/static/", "/verdicts/x", "/verdicts/1/faces/99.jpg",
        "/verdicts/1/artifacts/" + "0" * 64, "/verdicts/1/../../etc/passwd",
    ],
)  # fmt: skip
def test_what_there_is_not_is_a_page_that_says_so(filled: Visit, address: str) -> None:
    answer = filled.get(address)
    assert answer.status_code == 404
    assert "Not found" in answer.text


def test_database_is_only_read_by_looking(filled: Visit, engine: Engine) -> None:
    with reading(engine) as session:
        before = session.connection().exec_driver_sql("PRAGMA data_version").scalar()
        for address in ("/", "/results", "/status", FAKE_ID, "/jobs/3"):
            filled.get(address)
        assert session.connection().exec_driver_sql("PRAGMA data_version").scalar() == before
