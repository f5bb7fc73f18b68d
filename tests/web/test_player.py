"""What the player is told: who is where when, in whose words, and that no name gets out of its place in the page."""

from dataclasses import replace
from typing import Any

import pytest

from forensics.evidence.previews import playable
from forensics.records import (
    FrameScore,
    Label,
    MediaInfo,
    MediaKind,
    Outcome,
    Provenance,
    RecordedPipeline,
    RecordedSampling,
    StoredEvidence,
    StoredFinding,
    StoredVerdict,
    TrackScore,
)
from forensics.web.player import player
from forensics.web.templating import TEMPLATES

MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
MEDIA = MediaInfo("5f" * 32, 123_456, MediaKind.VIDEO, MP4, "h264", 640, 360, 4.0, 25.0)
BOX = (1.0, 2.0, 30.0, 40.0)


def track(number: int, log10_lr: float | None = None, label: Label | None = None) -> TrackScore:
    return TrackScore(number, 0.0, 1.0, 4, 96.0, 0.714, log10_lr, label)


def finding(detector: str, *tracks: TrackScore, times_s: tuple[float, ...] = ()) -> StoredFinding:
    frames = tuple(FrameScore(t, track.id, BOX, 0.5) for track in tracks for t in times_s)
    return StoredFinding(detector, Outcome.SCORED, evidence=StoredEvidence(tracks, frames))


def verdict(*findings: StoredFinding, **media: Any) -> StoredVerdict:
    pipeline = RecordedPipeline(sampling=RecordedSampling(stride_s=0.2))
    provenance = Provenance(sampled_s=(0.0, 0.2, 0.4), pipeline=pipeline)
    info = replace(MEDIA, **media)
    return StoredVerdict(Label.FAKE, info, findings=findings, provenance=provenance)


def test_faces_of_several_detectors_are_told_once_and_calibrated_results_first() -> None:
    judged = track(1, log10_lr=1.152, label=Label.FAKE)
    told = player(verdict(finding("a", track(1), times_s=(0.2,)), finding("b", judged)), 7)
    assert told["samples"] == [{"time_s": 0.2, "track": 1, "box": [1.0, 2.0, 30.0, 40.0]}]
    assert [one["results"] for one in told["tracks"]] == [
        ["b: flagged, log10 LR 1.15", "a: score 0.71"]
    ]
    assert told["moments"] == [0.0, 0.2, 0.4]


def test_single_detector_needs_no_name() -> None:
    told = player(verdict(finding("a", track(1), track(2))), 7)
    assert [one["results"] for one in told["tracks"]] == [["score 0.71"], ["score 0.71"]]
    assert told["tracks"][0]["colour"] != told["tracks"][1]["colour"]


@pytest.mark.parametrize(
    ("fps", "join_s", "hold_s"),
    [
        pytest.param(25.0, 0.35, 0.1, id="by-the-stride"),
        pytest.param(2.0, 0.875, 0.25, id="by-the-frames"),
        pytest.param(None, 0.35, 0.1, id="unknown"),
    ],
)
def test_boxes_are_joined_within_a_run_only(fps: float, join_s: float, hold_s: float) -> None:
    told = player(verdict(fps=fps), 7)
    assert (told["join_s"], told["hold_s"]) == (pytest.approx(join_s), pytest.approx(hold_s))


@pytest.mark.parametrize(
    ("kind", "container", "codec", "media_type"),
    [
        pytest.param("video", MP4, "h264", "video/mp4", id="mp4"),
        pytest.param("video", MP4, "libdav1d", "video/mp4", id="av1"),
        pytest.param("video", "matroska,webm", "vp9", "video/webm", id="webm"),
        pytest.param("video", "matroska,webm", "h264", None, id="mkv"),
        pytest.param("video", MP4, "hevc", None, id="hevc"),
        pytest.param("video", MP4, "prores", None, id="prores"),
        pytest.param("video", "avi", "h264", None, id="avi"),
        pytest.param("video", "gif", "gif", None, id="animation"),
        pytest.param("still", "jpeg", "jpeg", "image/jpeg", id="jpeg"),
        pytest.param("still", "heif", "heif", None, id="heic"),
        pytest.param("still", "tiff", "tiff", None, id="tiff"),
    ],
)
def test_what_browsers_play_needs_no_copy(
    kind: str, container: str, codec: str, media_type: str | None
) -> None:
    assert (
        playable(replace(MEDIA, kind=MediaKind(kind), container=container, codec=codec))
        == media_type
    )


def test_file_that_browsers_do_not_play_has_a_copy_only() -> None:
    assert player(verdict(), 7)["native"] == "/verdicts/7/media"
    told = player(verdict(container="avi", codec="mpeg4"), 7)
    assert told["native"] is None
    assert told["copy"] == "/verdicts/7/proxy.webm"


def test_name_does_not_end_the_script() -> None:
    hostile = "</script><script>alert(1)</script>"
    told = player(verdict(finding(hostile, track(1)), finding("b", track(1))), 7)
    page = TEMPLATES.get_template("_player.html").render(player=told)
    assert "alert(1)" in page
    assert page.count("<script") == 2
    assert page.count("</script>") == 2
