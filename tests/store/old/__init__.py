"""A database of the version before the rooms (commit c3c1573), what that version said of it, and one of its records.

`forensics.db` has every kind of entry, verdicts that were replaced, one that is stale, one that was erased, and a failed
job. All of it was rendered, but for NASA's portrait of Eileen Collins (public domain). `made_by.txt` is the program that made
it with the code of that commit; `show-*`, `report-*` and the others are what its command line printed.
"""

from datetime import UTC, datetime
from typing import Any

from forensics.records import (
    Artifact,
    Coverage,
    Evidence,
    Finding,
    FrameScore,
    HeatMap,
    Label,
    MediaInfo,
    MediaKind,
    Outcome,
    Reason,
    TrackScore,
    Verdict,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CALIBRATION = {
    "slope": 2.302585092994046,
    "intercept": 0.0,
    "cap_log10": 2.0,
    "fake_at": 1.0,
    "real_at": -0.5,
    "min_face_px": 64,
    "min_frames": 3,
    "kinds": ["video", "still"],
    "flagged_real": {
        "files": 100,
        "wrong": 5,
        "data": "rendered",
        "date": "2026-11-22",
        "unit": "files",
    },
    "missed_fake": None,
    "report": None,
    "drift_log10": None,
    "crowds": [],
}
COLOUR = {"name": "colour", "version": "1.0", "weights": "ab", "parameters": {"least": 3}}
MUTE: dict[str, Any] = {
    "name": "mute",
    "version": "2",
    "weights": None,
    "parameters": {},
    "calibration": None,
}
PIPELINE = {
    "toolkit": "0.1.0",
    "contract": 1,
    "fusion": "mean-log10-lr/2",
    "policy": "triage",
    "sampling": {
        "frames": 20,
        "sampling": "runs",
        "run_frames": 4,
        "stride_s": 0.2,
        "from_s": None,
        "to_s": None,
    },
    "reproducible": False,
    "face_finder": None,
    "detectors": [COLOUR | {"calibration": CALIBRATION}, MUTE],
    "together": [],
}
SHA256 = "5f" * 32
RECORD = Verdict(
    label=Label.INCONCLUSIVE,
    reason=Reason.NEAR_THRESHOLD,
    fake=0.86,
    log10_lr=0.8,
    examined=("face_manipulation",),
    not_examined=("audio", "lip_sync"),
    coverage=Coverage(10.0, 20, 20, 18, 1, 2.0, 0),
    findings=(
        Finding(
            "colour",
            "1.0",
            "ab",
            Outcome.SCORED,
            1.25,
            0.8,
            0.86,
            0.1,
            evidence=Evidence(
                (TrackScore(1, 0.0, 2.5, 4, 96.0, 1.25, 0.8, Label.INCONCLUSIVE, 200.5, 0.0),),
                (
                    FrameScore(0.5, 1, (1.0, 2.0, 30.0, 40.0), 1.5, HeatMap(1, 2, "AP8=", 0.3)),
                    FrameScore(0.7, 1, (1.5, 2.0, 30.0, 40.0), 1.0),
                ),
                ("näher angesehen", "half a character: \udce9, and a zero: \0"),
                (Artifact("heat.png", "image/png", b"\x89PNG"),),
            ),
        ),
        Finding("mute", "2", None, Outcome.ERROR, message="ValueError: no colour"),
    ),
    media=MediaInfo(SHA256, 1000, MediaKind.VIDEO, "mp4", "h264", 640, 360, 10.0, 25.0),
    provenance={
        "smallest_face_px": 32.0,
        "pipeline": PIPELINE,
        "licences": {"colour": "MIT", "mute": "MIT"},
        "permitted_use": {},
        "prepared_s": 0.5,
        "sampled_s": [0.0, 0.2, 0.5, 0.7],
        "parameters": {"colour": {"kinds": {"video", "still"}, "least": 3, "most": float("inf")}},
        "versions": {"threads": "1"},
    },
)
