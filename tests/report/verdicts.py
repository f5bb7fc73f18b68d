"""Verdicts as they are read from the database, for tests of what is said of them."""

import json
from dataclasses import replace
from typing import Any

from forensics.errors import ErrorCode
from forensics.records import (
    EXAMINABLE,
    Calibration,
    Coverage,
    ErrorRate,
    Label,
    MediaInfo,
    MediaKind,
    Outcome,
    Provenance,
    Reason,
    RecordedDetector,
    RecordedPipeline,
    StoredEvidence,
    StoredFinding,
    StoredVerdict,
    TrackScore,
)
from forensics.serialization import plain
from forensics.store.models import JobState
from forensics.store.queries import JobOutcome

FLAGGED = ErrorRate(1082, 54, "DFDC parts 47-49", "2026-11-22", "face crops")
MISSED = replace(FLAGGED, files=1040, wrong=151)
CALIBRATION = Calibration(
    slope=1.0,
    intercept=0.0,
    cap_log10=2.0,
    fake_at=0.8,
    real_at=-0.5,
    min_face_px=64,
    min_frames=3,
    kinds=(MediaKind.VIDEO,),
    flagged_real=FLAGGED,
    missed_fake=MISSED,
)


def track(number: int, log10_lr: float | None, last_s: float = 58.9) -> TrackScore:
    return TrackScore(number, 41.0 if last_s else 0.0, last_s, 8, 96.0, 0.5, log10_lr)


def finding(*tracks: TrackScore, name: str = "a") -> StoredFinding:
    ratio = max((t.log10_lr for t in tracks if t.log10_lr is not None), default=None)
    evidence = StoredEvidence(tracks)
    return StoredFinding(name, Outcome.SCORED, log10_lr=ratio, evidence=evidence)


def verdict(
    label: str,
    reason: str | None = None,
    log10_lr: float | None = None,
    findings: list[StoredFinding] | None = None,
    smallest_face_px: float | None = 32.0,
    **pipeline: Any,
) -> StoredVerdict:
    if findings is None:
        findings = [finding(track(2, log10_lr), track(3, None))]
    detectors = (RecordedDetector("a", calibration=CALIBRATION), RecordedDetector("b"))
    recorded = replace(RecordedPipeline(detectors=detectors), **pipeline)
    return StoredVerdict(
        Label(label),
        MediaInfo("5f" * 32, 123_456, MediaKind.VIDEO, "mp4", "h264", 640, 360, 75.0, 25.0),
        Reason(reason) if reason else None,
        log10_lr=log10_lr,
        examined=("face_manipulation",),
        not_examined=tuple(t for t in EXAMINABLE if t != "face_manipulation"),
        coverage=Coverage(75.0, 20, 20, 18, 1, 14.2, 0),
        findings=tuple(findings),
        provenance=Provenance(smallest_face_px, recorded),
    )


FAILED = JobOutcome("/a", None, JobState.FAILED, ErrorCode.EMPTY, None, None, None, ())


def outcome(judged: StoredVerdict) -> JobOutcome:
    """Return what became of a job that has this verdict."""
    payload = json.dumps(plain(judged))
    return replace(FAILED, state=JobState.DONE, error=None, verdict_id=1, payload=payload)
