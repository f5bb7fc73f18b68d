"""Records of reports for tests, made of the toolkit's own values, and pictures of a face that is free to use."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage.data import astronaut

from forensics.errors import ErrorCode
from forensics.evidence.thumbnails import FaceShot, Picture, Shots
from forensics.records import (
    Artifact,
    Calibration,
    Coverage,
    ErrorRate,
    Evidence,
    Finding,
    FrameScore,
    HeatMap,
    Label,
    MediaKind,
    Outcome,
    Reason,
    StoredFinding,
    TrackScore,
)
from forensics.report.report_data import Made, Record
from forensics.serialization import plain
from forensics.store.ledger.chain import Head, VerdictEntry
from forensics.store.ledger.reviews import Words
from forensics.store.models import EntryKind, JobState
from forensics.store.queries import Judged, Location, Shown
from forensics.store.queries.stored_verdicts import structure_verdict

from .. import builders

SHA256 = builders.MEDIA.sha256
MEDIA = replace(builders.MEDIA, size_bytes=123_456)
MADE = Made(datetime(2026, 11, 25, 11, tzinfo=UTC), "R. Diaz", "0.1.0")
HEAD = Head("0c" * 32, 5, EntryKind.NOTE, 7, MADE.at, 5)
CALIBRATION = Calibration(
    slope=2.0,
    intercept=-0.5,
    cap_log10=2.0,
    fake_at=0.6,
    real_at=-0.4,
    min_face_px=64,
    min_frames=8,
    kinds=(MediaKind.VIDEO, MediaKind.STILL),
    flagged_real=ErrorRate(1082, 52, "crops of a data set", "2026-11-24", "face crops"),
    missed_fake=ErrorRate(1040, 148, "crops of a data set", "2026-11-24", "face crops"),
)
TIMES = tuple(round(start + 0.2 * i, 6) for start in (0.0, 5.0, 10.0) for i in range(4))


def track(number: int, score: float, log10_lr: float | None, times: Sequence[float]) -> TrackScore:
    label = Label.FAKE if log10_lr is not None else Label.INCONCLUSIVE
    return builders.track(
        number,
        score,
        first_s=times[0],
        last_s=times[-1],
        frames=len(times),
        median_face_px=96.0,
        log10_lr=log10_lr,
        label=label,
        blur=200.0,
        dark=0.0,
    )


def scored(
    detector: str = "net",
    tracks: int = 1,
    *,
    log10_lr: float | None = 1.1,
    times: Sequence[float] = TIMES,
    artifacts: tuple[Artifact, ...] = (),
) -> Finding:
    """Return a finding in which the score of a track goes up and down over time."""
    heat = HeatMap.of([[0.0, 0.2], [0.9, 1.0]], 1.0)
    frames = tuple(
        FrameScore(t, n, (10.0, 10.0, 90.0, 100.0), n + math.sin(t), heat)
        for n in range(1, tracks + 1)
        for t in times
    )
    seen = tuple(track(n, n + 0.1, log10_lr, times) for n in range(1, tracks + 1))
    evidence = Evidence(seen, frames, artifacts=artifacts)
    return builders.finding(
        name=detector,
        version="1.0",
        weights="ab" * 32,
        score=1.1,
        log10_lr=log10_lr,
        fake=0.9,
        seconds=0.1,
        evidence=evidence,
    )


def statement(*sentences: str, detector: str = "provenance") -> Finding:
    """Return the finding of a detector that does not score."""
    evidence = Evidence(statements=sentences)
    return Finding(detector, "0.1", None, Outcome.STATEMENT, evidence=evidence)


def as_stored(finding: Finding) -> StoredFinding:
    """Return a finding as it is read from the database."""
    (stored,) = structure_verdict(
        {"label": "fake", "media": plain(MEDIA), "findings": [plain(finding)]}
    ).findings
    return stored


def told(
    *findings: Finding,
    label: Label = Label.FAKE,
    reason: Reason | None = None,
    log10_lr: float | None = 1.1,
    path: str = "/evidence/clip.mp4",
    still: bool = False,
    change: Callable[[dict[str, Any]], object] = lambda payload: None,
    **around: Any,
) -> Record:
    """Return the record of a report on a verdict, as `report_data.record` makes it.

    `change` is given the JSON values that are stored, before they are; `around` are other fields of the record.
    """
    every = findings or (statement("Container: mp4."), scored())
    kind = MediaKind.STILL if still else MediaKind.VIDEO
    duration_s = None if still else 12.0
    verdict = builders.verdict(
        *every,
        label=label,
        reason=reason,
        fake=0.9 if log10_lr is not None else None,
        log10_lr=log10_lr,
        examined=("face_manipulation",) if label is not Label.NOT_ASSESSED else (),
        not_examined=("audio", "lip_sync"),
        coverage=Coverage(duration_s, 12, 12, 12, 1, None if still else 4.4, 0),
        media=replace(MEDIA, kind=kind, duration_s=duration_s),
        provenance=provenance(every),
    )
    fake = 0.9
    judged = Judged(7, label, reason, fake, log10_lr, MADE.at, "0a" * 32, True, False)
    payload = {
        **plain(verdict),
        "created_at": "2026-11-25T10:00:00.5+00:00",
        "pipeline": "9e" * 32,
    }
    change(payload)
    shown = Shown(
        path, SHA256, JobState.DONE, None, None, judged, json.dumps(payload), (judged,), seen(path)
    )
    entry = VerdictEntry(3, "0a" * 32, "0b" * 32)
    return replace(Record(shown, (), (), entry, HEAD, MADE), **around)


def failed(
    error: ErrorCode | None = ErrorCode.UNDECODABLE,
    error_message: str | None = "no frame could be decoded",
    sha256: str | None = SHA256,
    state: JobState = JobState.FAILED,
) -> Record:
    """Return the record of a report on a file that could not be analysed."""
    path = "/evidence/broken.mp4"
    shown = Shown(path, sha256, state, error, error_message, None, None, (), seen(path))
    return Record(shown, (), (), None, HEAD, MADE)


def seen(path: str) -> tuple[Location, ...]:
    """Return the one place where a file was seen."""
    seen_at = datetime(2026, 11, 25, 9, 59, tzinfo=UTC)
    return (Location(path, 123_456, 1_763_978_400_000_000_000, seen_at, None, "A-17", "3"),)


def provenance(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return what a re-run needs; every detector that scored is calibrated."""
    detectors: list[dict[str, Any]] = [
        {
            "name": one.detector,
            "version": one.version,
            "weights": one.weights,
            "parameters": {},
            "calibration": CALIBRATION if one.score is not None else None,
        }
        for one in findings
    ]
    pipeline: dict[str, Any] = {
        "toolkit": "0.1.0",
        "contract": 1,
        "fusion": "mean-log10-lr/1",
        "policy": "triage",
    }
    pipeline |= {"sampling": {"frames": 12, "run_frames": 4, "stride_s": 0.2}}
    return {
        "smallest_face_px": 32,
        "pipeline": {**pipeline, "face_finder": "cd" * 32, "detectors": detectors},
        "parameters": {one.detector: {"px": 112, "device": "cpu"} for one in findings},
        "licences": {one.detector: f"licence of {one.detector}" for one in findings},
        "permitted_use": {one.detector: "research only" for one in findings if one.weights},
        "sampled_s": list(TIMES),
        "versions": {"python": "3.11", "torch": "2.6"},
        "prepared_s": 0.5,
    }


def note(text: str, examiner: str = "K. Ito", kind: str = "note") -> Words:
    """Return people's words on the verdict."""
    conclusion = text if kind == "review" else ""
    moment = datetime(2026, 11, 25, 10, 30, tzinfo=UTC)
    note = text if kind == "note" else ""
    return Words(EntryKind(kind), 7, examiner, conclusion, note, moment, 4, "0d" * 32)


def shots(folder: Path, tracks: int = 1, times: Sequence[float] = TIMES) -> Shots:
    """Return pictures of NASA's portrait of Eileen Collins, which is in the public domain."""
    portrait = np.asarray(astronaut())  # type: ignore[no-untyped-call]  # scikit-image has no types here
    faces = []
    for number in range(1, tracks + 1):
        for place, time_s in enumerate(times):
            file = folder / f"{number}-{place}.jpg"
            left = 150 + place
            Image.fromarray(portrait[40:200, left : left + 160]).save(file)
            picture = Picture(f"{place:02x}" * 32, file, 160, 160)
            box = (10.0, 10.0, 90.0, 100.0)
            faces.append(FaceShot(number, time_s, box, (0.0, 0.0, 160.0), picture))
    return Shots((), tuple(faces), None)
