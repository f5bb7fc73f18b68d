"""The report as HTML: what stands on it in which order, and that nothing in it can act."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from forensics.evidence.thumbnails import Shots
from forensics.records import Artifact, Finding, Label, Outcome, Reason
from forensics.report import wording
from forensics.report.page import html_report
from forensics.report.report_data import Record
from forensics.report.text import text_report
from forensics.serialization import plain

from .samples import MADE, failed, note, scored, shots, statement, told

FIRST_PAGE = [
    "Question",
    "Exhibit",
    "Result",
    "How often such a result is wrong",
    "What was and was not examined",
    "Coverage",
    "Who and which versions",
    "Examiner's own conclusion (the program never fills this in)",
]
LATER_PAGES = [
    "Scores over time",
    "The faces that were examined",
    "Heat maps",
    "Findings of every detector",
    "Media facts",
    "Provenance: where the file was seen",
    "Processing record",
    "Limits of the method",
]
HOSTILE = (
    """<script>alert('1')</script>"><img src=x onerror=alert(2)> \u202egnp.exe\x1b[2J{{ 7 * 7 }}"""
)
PNG = b"\x89PNG\r\n\x1a\n" + b"rest"


class Page(HTMLParser):
    """The elements and text of a page."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.said = ""
        self._in: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in.append(tag)
        if tag == "h2":
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._in and self._in.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" not in self._in:
            self.said += data
        if self._in and self._in[-1] == "h2":
            self.headings[-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_sections_stand_in_their_order(tmp_path: Path) -> None:
    page = Page(html_report(told(), shots(tmp_path)))
    assert page.headings == FIRST_PAGE + LATER_PAGES


def test_reason_comes_first_after_the_first_page_of_an_inconclusive_verdict() -> None:
    record = told(
        scored(log10_lr=0.2), label=Label.INCONCLUSIVE, reason=Reason.NEAR_THRESHOLD, log10_lr=0.2
    )
    page = Page(html_report(record))
    assert page.headings[len(FIRST_PAGE)] == "Why the result is inconclusive"
    assert "net: ratio 1.6; fake is said from 4 up, real to 0.4." in page.said


def test_low_quality_says_what_the_validation_demands() -> None:
    record = told(
        scored(log10_lr=None), label=Label.INCONCLUSIVE, reason=Reason.LOW_QUALITY, log10_lr=None
    )
    said = Page(html_report(record)).said
    assert "net: faces of 96 px in 12 frames; validated from 64 px in 8 frames of a video" in said


@pytest.mark.parametrize("label", [Label.FAKE, Label.REAL])
def test_first_page_has_the_approved_sentences(label: Label) -> None:
    record = told(label=label)
    verdict = record.verdict
    assert verdict
    said = Page(html_report(record)).said
    rates = wording.validated_errors(verdict)["net"]
    for sentence in (
        wording.QUESTION,
        *wording.propositions(verdict),
        wording.result(verdict),
        *wording.error_rates(label, rates),
        wording.scope(verdict),
        wording.coverage(verdict),
        verdict.media.sha256,
    ):
        assert sentence in said
    others = set(wording.error_rates(None, rates)) - set(wording.error_rates(label, rates))
    assert not any(sentence in said for sentence in others)


def test_heat_maps_come_with_their_words_and_both_pictures(tmp_path: Path) -> None:
    markup = html_report(told(), shots(tmp_path))
    assert "shows where the network responded; it does not locate a manipulation" in markup
    heated = [i for i in Page(markup).all("img") if "heat map" in (i["alt"] or "")]
    assert len(heated) == 4
    assert len({i["src"] for i in heated}) == 4


def test_strip_says_its_rule_and_marks_four_faces(tmp_path: Path) -> None:
    markup = html_report(told(), shots(tmp_path))
    assert "All 12 sampled pictures of this face in order of time." in markup
    strip = markup[markup.index('id="faces"') : markup.index('id="maps"')]
    assert strip.count("<strong>highest</strong>") == 1
    assert strip.count("<strong>among the lowest</strong>") == 3
    assert strip.count("<img") == 12


def test_tracks_that_are_left_out_are_counted(tmp_path: Path) -> None:
    markup = html_report(told(scored(tracks=10)), shots(tmp_path, tracks=10))
    assert "2 more face tracks with lower scores are not shown." in markup
    assert "more face tracks" not in html_report(told(), shots(tmp_path))


def test_lack_of_pictures_is_said_in_their_place() -> None:
    markup = html_report(told(), Shots((), (), "The file is not there any more."))
    assert "The file is not there any more." in Page(markup).said
    assert "<img" not in markup


def test_findings_of_every_plugin_have_their_licence_and_statements() -> None:
    said = Page(html_report(told(statement("Made by <camera>."), scored("net")))).said
    for expected in (
        "Made by <camera>.",
        "licence of provenance",
        "licence of net",
        "research only",
    ):
        assert expected in said


@pytest.mark.parametrize("form", [html_report, text_report])
def test_detector_that_broke_is_told_with_its_message(form: Any) -> None:
    broken = Finding("net", "1.0", None, Outcome.ERROR, message="ValueError: no colour")
    said = form(told(broken, scored("other")))
    assert "net 1.0: error" in said
    assert "ValueError: no colour" in said


def test_pictures_among_artifacts_are_shown_and_others_named(tmp_path: Path) -> None:
    made = (
        Artifact("plot.png", "image/png", PNG),
        Artifact("no-png.png", "image/png", b"<svg onload=alert(1)>"),
        Artifact("trace.svg", "image/svg+xml", b"<svg/>"),
        Artifact("lost.png", "image/png", b"lost"),
    )
    kept = {}
    for one in made[:3]:
        kept[plain(one)["sha256"]] = tmp_path / one.name
        (tmp_path / one.name).write_bytes(one.data)
    page = Page(html_report(told(scored(artifacts=made)), artifact=kept.get))
    assert [i["alt"] for i in page.all("img")] == ["plot.png, made by net"]
    assert "no-png.png, image/png, 21 bytes, not shown here" in page.said
    assert "trace.svg, image/svg+xml, 6 bytes, not shown here" in page.said
    assert "lost.png, image/png, 4 bytes, not kept" in page.said


def test_processing_record_has_what_a_rerun_needs() -> None:
    record = told()
    said = Page(html_report(record)).said
    for expected in (
        "9e" * 32,
        record.entry.hash if record.entry else "an entry",
        record.head.hash if record.head else "a head",
        "ab" * 32,
        "cd" * 32,
        "px 112, device cpu",
        "forensics verify 7 --rerun",
    ):
        assert expected in said


def test_peoples_words_stand_apart_at_the_end() -> None:
    record = told(reviews=(note("seen before"), note("Not usable.", kind="review")))
    page = Page(html_report(record))
    assert page.headings[-1] == "People's words, not the program's"
    before, after = page.said.split("People's words, not the program's")
    assert "Not usable." in after
    assert "Not usable." not in before


def test_room_for_an_examiner_stays_empty_even_after_a_review() -> None:
    markup = html_report(told(reviews=(note("Not usable.", kind="review"),)))
    own = re.search(r'<div class="own">(.*?)</div>', markup, re.DOTALL)
    assert own
    assert Page(own[1]).said == "NameDateSignature"


def test_failure_has_a_report_without_a_result() -> None:
    page = Page(html_report(failed()))
    assert page.headings == [
        *(h for h in FIRST_PAGE if h != "How often such a result is wrong"),
        "Provenance: where the file was seen",
        "Limits of the method",
    ]
    assert "could not be analysed (undecodable). no frame could be decoded" in page.said


def hostile_record() -> Record:
    """Return a record in which everything that comes from outside is hostile."""

    def change(payload: dict[str, Any]) -> None:
        payload["media"] |= {"container": HOSTILE, "codec": HOSTILE}
        payload["provenance"] |= {name: {HOSTILE: HOSTILE} for name in ("licences", "versions")}

    finding = scored(HOSTILE, artifacts=(Artifact(HOSTILE, HOSTILE, b"x"),))
    record = told(
        statement(HOSTILE),
        finding,
        path=HOSTILE,
        change=change,
        reviews=(note(HOSTILE, HOSTILE),),
        made=replace(MADE, by=HOSTILE),
    )
    (location,) = record.shown.sightings
    hostile = replace(location, case=HOSTILE, exhibit=HOSTILE)
    return replace(record, shown=replace(record.shown, sightings=(hostile,)))


def test_hostile_text_is_shown_and_does_nothing(tmp_path: Path) -> None:
    harmless = Page(
        html_report(
            told(statement("x"), scored(artifacts=(Artifact("a", "b", b"x"),))), shots(tmp_path)
        )
    )
    markup = html_report(hostile_record(), shots(tmp_path))
    page = Page(markup)
    assert not page.all("script")
    assert len(page.all("img")) == len(harmless.all("img"))
    assert not [name for _, found in page.elements for name in found if name.startswith("on")]
    assert page.said.count("<script>alert('1')</script>") > 10
    assert "\u202e" not in markup
    assert "\x1b" not in markup
    assert r"\u202egnp.exe\x1b[2J{{ 7 * 7 }}" in page.said


def test_hostile_text_moves_no_terminal() -> None:
    said = text_report(hostile_record())
    assert "\u202e" not in said
    assert set(re.findall(r"[\x00-\x1f\x7f-\x9f]", said)) == {"\n"}


def test_page_forbids_all_but_its_own_pictures_and_style(tmp_path: Path) -> None:
    page = Page(html_report(told(), shots(tmp_path)))
    (policy,) = (
        m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    assert all((i["src"] or "").startswith("data:image/jpeg;base64,") for i in page.all("img"))
    assert not page.all("link") + page.all("a") + page.all("iframe") + page.all("form")


ALLOWED = "This does not show that the recording is authentic."


@pytest.mark.parametrize("form", [html_report, text_report])
@pytest.mark.parametrize(
    "record",
    [
        pytest.param(told(label=Label.REAL), id="real"),
        pytest.param(told(label=Label.FAKE), id="fake"),
        pytest.param(told(label=Label.INCONCLUSIVE, reason=Reason.UNCALIBRATED), id="inconclusive"),
        pytest.param(told(label=Label.NOT_ASSESSED, reason=Reason.NO_FACE), id="not assessed"),
        pytest.param(failed(), id="failed"),
    ],
)
def test_words_that_promise_too_much_appear_nowhere(form: Any, record: Record) -> None:
    said = " ".join(form(record).split()).replace(ALLOWED, "").lower()
    for word in ("authentic", "genuine", "confidence", "% fake"):
        assert word not in said
