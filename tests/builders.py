"""Records as most tests need them; what a test is about it names itself, by keyword."""

from dataclasses import replace
from typing import Any

from forensics.records import (
    Calibration,
    Coverage,
    Evidence,
    Finding,
    FrameScore,
    Label,
    MediaInfo,
    MediaKind,
    Outcome,
    TrackScore,
    Verdict,
)

CALIBRATION = Calibration(
    slope=2.302585092994046,  # a score is its log10 ratio
    intercept=0.0,
    cap_log10=2.0,
    fake_at=1.0,
    real_at=-0.5,
    min_face_px=64,
    min_frames=3,
    kinds=(MediaKind.VIDEO, MediaKind.STILL),
)
WHOLE = Coverage(10.0, 20, 20, 20, 1, 2.0, 0)
"""Of a video of 10 s of which every sampled frame could be decoded and shows a face."""

MEDIA = MediaInfo("5f" * 32, 1000, MediaKind.VIDEO, "mp4", "h264", 640, 360, 10.0, 25.0)
VERDICT = Verdict(
    label=Label.FAKE,
    reason=None,
    fake=0.86,
    log10_lr=0.8,
    examined=("face_manipulation",),
    not_examined=("audio",),
    coverage=WHOLE,
    findings=(),
    media=MEDIA,
    provenance={},
)


def track(number: int = 1, score: float = 1.5, **values: Any) -> TrackScore:
    """Return a face that was seen well: 100 px wide, in 8 sampled frames over 5 s."""
    return replace(TrackScore(number, 0.0, 5.0, 8, 100.0, score), **values)


def finding(
    *tracks: TrackScore, frames: tuple[FrameScore, ...] = (), name: str = "a", **values: Any
) -> Finding:
    """Return what a detector without weights scored: as much as its highest track, unless a score is given."""
    score = max((item.score for item in tracks), default=None)
    evidence = Evidence(tracks, frames)
    return replace(Finding(name, "1", None, Outcome.SCORED, score, evidence=evidence), **values)


def verdict(*findings: Finding, **values: Any) -> Verdict:
    """Return a verdict on such a video: `fake`, with a ratio of 6, unless something else is given."""
    return replace(VERDICT, findings=findings, **values)
