"""Whose errors in validation stand beside a verdict: those of all that voted, or of each, for as many faces."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forensics import weights
from forensics.records import ErrorRate, Together
from forensics.report import wording
from forensics.weights import put_together
from forensics.workers.main import measured_together

from ..report.test_wording import FLAGGED, MISSED, finding, track, verdict
from ..weights.test_weights import folder, table

TOGETHER = {
    "of": ["a", "c"],
    "weights": ["1", "2"],
    "flagged_real": FLAGGED | {"wrong": 10},
    "missed_fake": MISSED | {"wrong": 61},
}


def voted(*names: str, faces: int = 1) -> dict[str, Any]:
    tracks = [track(n, 0.5) for n in range(faces)]
    found = verdict("real", findings=[finding(*tracks, name=name) for name in names])
    found["provenance"]["pipeline"]["together"] = [TOGETHER]
    return found


def test_errors_are_those_of_all_that_voted_together_where_they_were_measured() -> None:
    errors = wording.validated_errors(voted("a", "c"))
    assert errors == {"a + c": {key: TOGETHER[key] for key in wording.ERRORS}}


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(voted("a"), id="one-of-them"),
        pytest.param(voted("a", "b", "c"), id="others-too"),
        pytest.param(voted("a", "c", faces=2), id="several-faces"),
    ],
)
def test_errors_are_those_of_each_detector_where_their_verdict_was_not_measured(
    told: dict[str, Any],
) -> None:
    assert wording.validated_errors(told).keys() == {"a"}


def test_errors_for_several_faces_are_their_own() -> None:
    told = voted("a", faces=2)
    few = {"fake_at": 1.0, "real_at": -1.0, "flagged_real": FLAGGED | {"wrong": 3}}
    calibration = told["provenance"]["pipeline"]["detectors"][0]["calibration"]
    calibration["crowds"] = [{"faces": 2, "at": few, "report": None}]
    assert wording.validated_errors(told)["a"] == {
        "flagged_real": few["flagged_real"],
        "missed_fake": None,
    }
    more = voted("a", faces=3)
    more["provenance"]["pipeline"]["detectors"][0]["calibration"] = calibration
    assert wording.validated_errors(more)["a"] == {"flagged_real": None, "missed_fake": None}


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
