"""The result page, its files, and what people add to it."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forensics.records import (
    FrameScore,
    HeatMap,
    Label,
    MediaInfo,
    MediaKind,
    Outcome,
    StoredEvidence,
    StoredFinding,
    StoredVerdict,
    TrackScore,
)
from forensics.report import wording
from forensics.store.database import reading, writing
from forensics.store.ledger.reviews import of_verdicts
from forensics.store.models import EntryKind
from forensics.store.queries import validations
from forensics.store.queries.stored_verdicts import structure_verdict
from forensics.web import verdict_context

from ..distributions.colour.forensics_colour import FAKE, REAL
from .conftest import Visit, picture

BETWEEN = (100, 100, 0)


@pytest.mark.parametrize(
    ("colour", "label"),
    [
        pytest.param(FAKE, Label.FAKE, id="fake"),
        pytest.param(REAL, Label.REAL, id="real"),
        pytest.param(BETWEEN, Label.INCONCLUSIVE, id="inconclusive"),
    ],
)
def test_page_says_the_approved_sentences(
    visitor: Visit, colour: tuple[int, int, int], label: Label
) -> None:
    address = visitor.judged(colour)
    page, told = visitor.get(address).text, visitor.get(f"{address}.json").json()
    assert told["label"] == label
    verdict = structure_verdict(told)
    assert wording.result(verdict) in page
    assert wording.scope(verdict) in page
    for sentence in wording.error_rates(label, wording.validated_errors(verdict)["colour"]):
        assert sentence in page
    for word in ("genuine", "confidence", "% fake"):
        assert word not in page.lower()
    assert "authentic" not in page.replace("does not show that the recording is authentic", "")


def test_page_tells_the_rates_on_own_files(visitor: Visit) -> None:
    address = visitor.judged(FAKE)
    counts = {"real": {"real": 2, "fake": 1}, "fake": {"fake": 2}}
    with writing(visitor.site.engine) as session:
        validations.keep(session, "lab", 1, counts, datetime.now(UTC))
    page = visitor.get(address).text
    assert '<span class="muted">Own files:</span> In validation on 3 real files' in page


def test_page_shows_the_ratio_between_its_thresholds(visitor: Visit) -> None:
    page = visitor.get(visitor.judged(FAKE)).text
    assert "no indication up to 1/10, flagged from 10; the scale ends at 100" in page


def test_page_names_every_finding_with_its_licence(visitor: Visit) -> None:
    page = visitor.get(visitor.judged(FAKE)).text
    assert '<h3>colour <span class="muted">1.0</span></h3>' in page
    assert "<dt>Licence</dt><dd>MIT</dd>" in page


def test_json_is_that_of_show(visitor: Visit) -> None:
    told = visitor.get(visitor.judged(FAKE) + ".json").json()
    assert {
        "findings",
        "history",
        "sightings",
        "reviews",
        "provenance",
        "validations",
    } <= told.keys()


def test_media_is_served_with_ranges(visitor: Visit, tmp_path: Path) -> None:
    content = picture(tmp_path, FAKE)
    address = visitor.judged(FAKE) + "/media"
    whole = visitor.get(address)
    assert (whole.status_code, whole.content) == (200, content)
    assert whole.headers["content-type"] == "image/png"
    assert "sandbox" in whole.headers["content-security-policy"]
    part = visitor.get(address, headers={"Range": "bytes=4-9"})
    assert (part.status_code, part.content) == (206, content[4:10])
    assert part.headers["content-range"] == f"bytes 4-9/{len(content)}"
    beyond = visitor.get(address, headers={"Range": f"bytes={len(content) + 1}-"})
    assert beyond.status_code == 416


def test_media_that_was_changed_since_is_not_served(visitor: Visit) -> None:
    address = visitor.judged(FAKE) + "/media"
    visitor.stored[0].write_bytes(b"something else")
    answer = visitor.get(address)
    assert answer.status_code == 404
    assert "was changed since it was analysed" in answer.text
    visitor.stored[0].unlink()
    assert visitor.get(address).status_code == 404


def test_note_and_review_are_added_and_shown_escaped(visitor: Visit) -> None:
    address = visitor.judged(FAKE)
    for kind, text in (("note", "<b>Sent in</b> by the desk."), ("review", "Not usable.")):
        fields = {"csrf": visitor.csrf, "kind": kind, "examiner": "K. <i>Ito", "text": text}
        answer = visitor.client.post(f"{address}/words", data=fields)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{address}#words")
    page = visitor.get(address).text
    assert "&lt;b&gt;Sent in&lt;/b&gt; by the desk." in page
    assert "Conclusion by K. &lt;i&gt;Ito" in page
    with reading(visitor.site.engine) as session:
        kinds = [words.kind for words in of_verdicts(session, [1])]
    assert kinds == [EntryKind.NOTE, EntryKind.REVIEW]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        pytest.param({"csrf": "x"}, 403, id="token"),
        pytest.param({"text": " "}, 400, id="no-text"),
        pytest.param({"examiner": ""}, 400, id="no-examiner"),
        pytest.param({"kind": "verdict"}, 400, id="kind"),
        pytest.param({"text": "x" * 20_001}, 413, id="too-long"),
    ],
)
def test_words_that_can_t_be_added_are_not(
    visitor: Visit, fields: dict[str, str], status: int
) -> None:
    address = visitor.judged(FAKE)
    good = {"csrf": visitor.csrf, "kind": "note", "examiner": "K. Ito", "text": "x"}
    assert visitor.client.post(f"{address}/words", data={**good, **fields}).status_code == status
    with reading(visitor.site.engine) as session:
        assert of_verdicts(session, [1]) == []


def test_words_on_a_verdict_that_there_is_not_are_refused(visitor: Visit) -> None:
    fields = {"csrf": visitor.csrf, "kind": "note", "examiner": "K. Ito", "text": "x"}
    assert visitor.client.post("/verdicts/9/words", data=fields).status_code == 404


def test_report_has_no_script_and_is_bound_to_its_own_style(visitor: Visit) -> None:
    answer = visitor.get(visitor.judged(FAKE, "<script>alert(1).png") + "/report")
    assert answer.status_code == 200
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "<script>" not in answer.text


BOX = (10.0, 10.0, 40.0, 40.0)
MAP = HeatMap.of([[1.0]], 1.0)


def finding(detector: str, *frames: FrameScore) -> StoredFinding:
    numbers = sorted({frame.track for frame in frames})
    tracks = tuple(TrackScore(n, 0.0, 1.0, 4, 96.0, 0.5) for n in numbers)
    return StoredFinding(detector, Outcome.SCORED, evidence=StoredEvidence(tracks, frames))


def test_faces_of_several_detectors_are_joined_by_track_and_time() -> None:
    frames = (
        FrameScore(1.0, 2, BOX, 0.5),
        FrameScore(3.0, 1, BOX, 0.5, MAP),
        FrameScore(4.0, 1, BOX, 0.1),
    )
    more = (FrameScore(0.5, 1, BOX, 2.0), replace(frames[1], score=9.0))
    media = MediaInfo("5f" * 32, 9, MediaKind.VIDEO, "mp4", "h264", 96, 64)
    findings = (finding("a", *frames), finding("b", *more))
    verdict = StoredVerdict(Label.FAKE, media, findings=findings)
    every = verdict_context.faces(verdict)
    assert [(face.n, face.track, face.time_s) for face in every] == [
        (0, 1, 0.5),
        (1, 1, 3.0),
        (2, 1, 4.0),
        (3, 2, 1.0),
    ]
    assert every[1].scores == {"a": 0.5, "b": 9.0}
    assert set(every[1].maps) == {"a", "b"}
    first, second = verdict_context.tracks(verdict, every)
    assert (first.id, [face.n for face in first.faces], first.highest) == (1, [0, 1, 2], 1)
    assert [name for name, _ in first.judged] == ["a", "b"]
    assert ([face.n for face in second.faces], second.highest) == ([3], -1)


def test_bar_stands_between_its_thresholds() -> None:
    found = verdict_context.Bar(ratio=0.5, cap=2.0, fake_at=1.0, real_at=-0.5)
    places = [found.x(value) for value in (-9, -2.0, -0.5, 0.5, 1.0, 2.0, 9)]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (24, 376)
    assert replace(found, ratio=0.0).x(0.0) == 200


def test_upload_s_hash_is_that_of_its_bytes(visitor: Visit, tmp_path: Path) -> None:
    told = visitor.get(visitor.judged(FAKE) + ".json").json()
    assert told["sha256"] == hashlib.sha256(picture(tmp_path, FAKE)).hexdigest()
