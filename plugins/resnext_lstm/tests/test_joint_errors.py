"""`evaluate` with several entries: what their fused verdict is worth."""

from dataclasses import replace
from pathlib import Path

import pytest
from forensics_resnext_lstm.evaluation.cases import Known, Trial
from forensics_resnext_lstm.evaluation.joint_errors import (
    calibration_of,
    check_kept,
    errors_together,
    fused,
    together,
)
from tiny import unsaved

from forensics.analysis.fusion import log10_lr
from forensics.errors import UsageError
from forensics.records import Calibration, Crowd, Label, MediaKind, Thresholds
from forensics.weights import WeightsEntry

LOW = Calibration(2.302585092994046, 0.0, 2.0, 0.4, -0.4, 64, 8, (MediaKind.STILL,))
HIGH = replace(LOW, slope=LOW.slope / 2, fake_at=0.8, real_at=-0.6, cap_log10=1.0)
CALIBRATIONS = {"low": LOW, "high": HIGH, "silent": None}
CROP = Known("a.jpg", "index.csv: row 1", fake=True)


def trial(score: float, calibration: Calibration | None) -> Trial:
    ratio = log10_lr(score, calibration) if calibration else None
    return Trial(CROP, "inconclusive", score, score, score, ratio, 100.0)


def said(low: float, high: float) -> Trial:
    of = {"low": [trial(low, LOW)], "high": [trial(high, HIGH)], "silent": [trial(9.0, None)]}
    (found,) = together(of, CALIBRATIONS)
    return found


@pytest.mark.parametrize(
    ("low", "high", "label", "ratio"),
    [
        (1.0, 1.0, "fake", 0.75),
        (0.5, 1.0, "inconclusive", 0.5),  # the mean of the thresholds is 0.6
        (-0.5, -1.4, "real", -0.6),
        (1.9, -1.4, "inconclusive", 0.6),  # they contradict each other
    ],
)
def test_crop_has_the_label_of_the_programs_own_rule(
    low: float, high: float, label: str, ratio: float
) -> None:
    found = said(low, high)
    assert found.outcome == label
    assert found.log10_lr == pytest.approx(ratio)
    assert found.score == found.mean == found.single == found.log10_lr


def test_video_has_the_label_that_its_analysis_gave() -> None:
    of = {"low": replace(trial(1.0, LOW), mean=0.5, single=None), "high": trial(1.0, HIGH)}
    found = fused(of, CALIBRATIONS, Label.NOT_ASSESSED, None)
    assert (found.outcome, found.score, found.log10_lr) == ("not_assessed", None, None)
    assert found.mean == pytest.approx(0.5)
    assert found.single == pytest.approx(0.5)


def entry(name: str, calibration: Calibration | None) -> WeightsEntry:
    return replace(unsaved(Path(), name), calibration=calibration)


def test_thresholds_are_the_means_and_a_score_is_a_ratio() -> None:
    found = calibration_of([entry("low", LOW), entry("high", HIGH)])
    assert (found.fake_at, found.real_at) == pytest.approx((0.6, -0.5))
    assert log10_lr(0.7, found) == pytest.approx(0.7)


def test_entry_that_does_not_vote_is_refused() -> None:
    with pytest.raises(UsageError, match="'silent' has no calibration"):
        calibration_of([entry("low", LOW), entry("silent", None)])


def told(fake: bool, outcome: str) -> Trial:
    return replace(trial(0.0, LOW), known=replace(CROP, fake=fake), outcome=outcome)


def test_errors_of_the_verdict_are_counted_for_the_manifest() -> None:
    entries = [entry("low", LOW), entry("high", HIGH)]
    trials = [
        *[told(False, "fake")] * 2,
        *[told(False, "real")] * 5,
        told(False, "failed"),
        *[told(True, "real")] * 3,
        *[told(True, "inconclusive")] * 4,
    ]
    found = errors_together(entries, trials, "drawn", "2026-11-28")
    assert found.of == ("low", "high")
    assert (found.flagged_real.wrong, found.flagged_real.files) == (2, 7)
    assert (found.missed_fake.wrong, found.missed_fake.files) == (3, 7)
    assert found.flagged_real.data == "drawn"


def test_errors_of_the_verdict_are_kept_of_crops_for_triage_and_one_manifest(
    tmp_path: Path,
) -> None:
    low, high = entry("low", LOW), entry("high", HIGH)
    check_kept([low, high], "crops", "triage")
    with pytest.raises(UsageError, match="kept for the policy triage"):
        check_kept([low, high], "crops", "report")
    with pytest.raises(UsageError, match="stand in 2 manifests"):
        check_kept([low, replace(high, manifest=tmp_path)], "crops", "triage")
    with pytest.raises(UsageError, match="not for prepared videos"):
        check_kept([low, high], "prepared videos", "triage")


def test_prepared_video_of_two_faces_has_their_thresholds() -> None:
    crowded = replace(LOW, crowds=(Crowd(2, Thresholds(1.5, -1.5)),))
    two = replace(trial(1.0, crowded), faces=2)
    (found,) = together({"low": [two], "high": [two]}, {"low": crowded, "high": crowded})
    assert found.outcome == "inconclusive"
    (alone,) = together({"low": [trial(1.0, crowded)]}, {"low": crowded})
    assert alone.outcome == "fake"
