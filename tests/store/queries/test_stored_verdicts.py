"""Stored verdicts read back, those of earlier versions too."""

import json
from typing import Any

import pytest

from forensics.records import (
    Calibration,
    Coverage,
    ErrorRate,
    Evidence,
    Finding,
    FrameScore,
    HeatMap,
    Label,
    MediaInfo,
    MediaKind,
    Outcome,
    Thresholds,
    Together,
    TrackScore,
    Verdict,
)
from forensics.serialization import plain
from forensics.store.queries.stored_verdicts import read_verdict

RATE = ErrorRate(1082, 54, "crops", "2026-11-22", "face crops")
CALIBRATION = Calibration(
    slope=2.0,
    intercept=-0.5,
    cap_log10=2.0,
    fake_at=0.6,
    real_at=-0.4,
    min_face_px=64,
    min_frames=8,
    kinds=(MediaKind.VIDEO,),
    flagged_real=RATE,
    report=Thresholds(1.0, -1.0, RATE),
    drift_log10=0.01,
)
MEDIA = MediaInfo("5f" * 32, 9, MediaKind.VIDEO, "mp4", "h264", 96, 64, 4.0, 25.0)


def payload() -> dict[str, Any]:
    """Return a verdict as JSON values, as it is stored now."""
    tracks = (TrackScore(1, 0.0, 2.0, 4, 96.0, 0.7, 1.1, Label.FAKE, 200.0, 0.0),)
    heat = HeatMap.of([[0.0, 1.0]], 1.0)
    frames = (FrameScore(0.2, 1, (1.0, 2.0, 30.0, 40.0), 0.7, heat),)
    finding = Finding(
        "net", "1.0", "ab" * 32, Outcome.SCORED, 0.7, 1.1, 0.9, 0.1, "", Evidence(tracks, frames)
    )
    pipeline = {
        "toolkit": "1.0",
        "policy": "triage",
        "fusion": "mean",
        "sampling": {"frames": 20, "sampling": "runs", "run_frames": 4, "stride_s": 0.2},
        "detectors": [{"name": "net", "weights": "ab" * 32, "calibration": CALIBRATION}],
        "together": [Together(("net", "b"), ("1", "2"), RATE, RATE)],
    }
    provenance = {"pipeline": pipeline, "sampled_s": [0.0, 0.2], "smallest_face_px": 32}
    coverage = Coverage(4.0, 20, 20, 18, 1, 1.2, 0)
    verdict = Verdict(
        Label.FAKE,
        None,
        0.9,
        1.1,
        ("face_manipulation",),
        (),
        coverage,
        (finding,),
        MEDIA,
        provenance,
    )
    return {**plain(verdict), "created_at": "2026-11-25T10:00:00+00:00", "pipeline": "9e" * 32}


def test_values_are_those_that_were_stored() -> None:
    values = payload()
    verdict = read_verdict(json.dumps(values))
    assert (verdict.label, verdict.media, verdict.pipeline_hash) == (Label.FAKE, MEDIA, "9e" * 32)
    for name in ("coverage", "findings", "media", "examined", "fake", "log10_lr", "created_at"):
        assert plain(getattr(verdict, name)) == values[name]
    pipeline = verdict.provenance.pipeline
    assert pipeline.calibrations == {"net": CALIBRATION}
    assert pipeline.together == (Together(("net", "b"), ("1", "2"), RATE, RATE),)
    assert pipeline.description == values["provenance"]["pipeline"]
    assert verdict.voters == verdict.findings


def test_what_an_earlier_version_did_not_store_is_none_or_empty() -> None:
    values = payload()
    (finding,) = values["findings"]
    for frame in finding["evidence"]["frames"]:
        del frame["map"]
    for track in finding["evidence"]["tracks"]:
        del track["blur"], track["dark"]
    del finding["evidence"]["artifacts"]
    pipeline = values["provenance"]["pipeline"]
    del pipeline["together"], pipeline["toolkit"], pipeline["sampling"]
    calibration = pipeline["detectors"][0]["calibration"]
    for name in ("report", "crowds", "drift_log10"):
        del calibration[name]
    del calibration["flagged_real"]["unit"]
    values["provenance"] = {"pipeline": pipeline}
    verdict = read_verdict(json.dumps(values))
    (read,) = verdict.findings
    assert read.evidence.frames[0].map is None
    assert (read.evidence.tracks[0].blur, read.evidence.artifacts) == (None, ())
    assert verdict.provenance.sampled_s == ()
    assert verdict.provenance.stride_s == 0.2
    known = verdict.provenance.pipeline.calibrations["net"]
    assert known
    assert (known.report, known.crowds, known.drift_log10) == (None, (), None)
    assert known.flagged_real == ErrorRate(1082, 54, "crops", "2026-11-22", "files")


@pytest.mark.parametrize("name", ["label", "media"])
def test_verdict_without_label_or_media_is_none(name: str) -> None:
    values = payload()
    del values[name]
    with pytest.raises(Exception, match="StoredVerdict"):
        read_verdict(json.dumps(values))
