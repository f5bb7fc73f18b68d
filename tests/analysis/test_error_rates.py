"""Whose errors in validation stand beside a verdict: those of all that voted, or of each, for as many faces."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forensics import weights
from forensics.records import (
    Crowd,
    ErrorRate,
    ErrorRates,
    RecordedDetector,
    StoredVerdict,
    Thresholds,
    Together,
)
from forensics.report import wording
from forensics.weights import put_together
from forensics.workers.main import measured_together

from ..report.verdicts import CALIBRATION, FLAGGED, MISSED, finding, track, verdict
from ..weights.test_weights import folder, table

TOGETHER = Together(("a", "c"), ("1", "2"), replace(FLAGGED, wrong=10), replace(MISSED, wrong=61))


def voted(*names: str, faces: int = 1, **pipeline: Any) -> StoredVerdict:
    tracks = [track(n, 0.5) for n in range(faces)]
    findings = [finding(*tracks, name=name) for name in names]
    return verdict("real", findings=findings, together=(TOGETHER,), **pipeline)


def test_errors_are_those_of_all_that_voted_together_where_they_were_measured() -> None:
    errors = wording.validated_errors(voted("a", "c"))
    assert errors == {"a + c": ErrorRates(TOGETHER.flagged_real, TOGETHER.missed_fake)}


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(voted("a"), id="one-of-them"),
        pytest.param(voted("a", "b", "c"), id="others-too"),
        pytest.param(voted("a", "c", faces=2), id="several-faces"),
    ],
)
def test_errors_are_those_of_each_detector_where_their_verdict_was_not_measured(
    told: StoredVerdict,
) -> None:
    assert wording.validated_errors(told).keys() == {"a"}


def test_errors_for_several_faces_are_their_own() -> None:
    few = Thresholds(1.0, -1.0, replace(FLAGGED, wrong=3))
    calibration = replace(CALIBRATION, crowds=(Crowd(2, few),))
    detectors = (RecordedDetector("a", calibration=calibration),)
    two, three = (voted("a", faces=faces, detectors=detectors) for faces in (2, 3))
    assert wording.validated_errors(two)["a"] == ErrorRates(few.flagged_real, None)
    assert wording.validated_errors(three)["a"] == ErrorRates(None, None)


def test_worker_takes_errors_together_under_triage_from_manifests_that_can_be_read(
    tmp_path: Path,
) -> None:
    settings = folder(tmp_path, table("a"), table("b"))
    manifest = tmp_path / "manifest.toml"
    known = {entry.name: entry.sha256 for entry in weights.read(manifest).entries}
    rate = ErrorRate(100, 1, "drawn", "2026-11-28")
    both = Together(tuple(known), tuple(known.values()), rate, rate)
    put_together(manifest, both)
    assert measured_together(settings, {**known, "c": None}) == (both,)
    assert measured_together(replace(settings, policy="report"), {**known}) == ()
    manifest.write_text("no manifest")
    assert measured_together(settings, {**known}) == ()
