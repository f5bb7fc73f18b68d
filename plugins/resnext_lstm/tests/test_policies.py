"""The thresholds of the two policies, and when the stricter one is not established."""

from pathlib import Path

import numpy as np
import pytest
import torch
from forensics_resnext_lstm.data import Crop, read_index
from forensics_resnext_lstm.evaluation.calibrate import Validity, counted, fit
from forensics_resnext_lstm.evaluation.drift import drift
from forensics_resnext_lstm.evaluation.thresholds import established
from tiny import as_png, entry_of, network, write_index, write_tar

from forensics.analysis.fusion import wilson_interval
from forensics.records import Calibration


def drawn(count: int, distance: float = 3.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(2 * count) % 2 == 1
    noise = np.random.default_rng(seed).standard_normal(2 * count)
    return labels, noise + distance * (labels - 0.5)


def test_report_flags_so_few_that_the_interval_ends_under_one_percent() -> None:
    labels, scores = drawn(1000)
    calibration = fit(labels, scores, Validity())
    assert calibration.report is not None
    assert calibration.report.fake_at > calibration.fake_at
    real = (calibration.slope * scores[~labels] + calibration.intercept) / np.log(10)
    flagged = int((real >= calibration.report.fake_at).sum())
    assert flagged > 0
    assert wilson_interval(flagged, 1000)[1] < 0.01 <= wilson_interval(flagged + 1, 1000)[1]


def test_report_is_not_established_by_few_crops_or_beyond_the_cap() -> None:
    labels, scores = drawn(300)
    assert fit(labels, scores, Validity()).report is None
    real = np.random.default_rng(1).standard_normal(1000)
    assert established(real, cap=9.0, real_at=-1.0) is not None
    assert established(real, cap=1.0, real_at=-1.0) is None


def test_report_that_does_not_hold_where_errors_are_counted_is_dropped() -> None:
    labels, scores = drawn(1000)
    calibration = fit(labels, scores, Validity())
    held = counted(calibration, labels, scores, "drawn", "2026-11-24")
    assert held.report is not None
    assert held.report.flagged_real is not None
    assert held.report.flagged_real.files == 1000
    shifted = counted(calibration, labels, scores + 1.0, "drawn", "2026-11-24")
    assert shifted.report is None
    assert not any(crowd.report for crowd in shifted.crowds)
    assert any(crowd.report for crowd in held.crowds)
    assert shifted.flagged_real is not None


def test_thresholds_lie_further_apart_than_twice_the_drift() -> None:
    labels, scores = drawn(200, distance=8.0)
    for moved in (0.0, 0.5, 3.0):
        calibration = fit(labels, scores, Validity(), moved)
        assert calibration.drift_log10 == pytest.approx(calibration.slope * moved / np.log(10))
        apart = calibration.fake_at - calibration.real_at
        assert apart >= 2 * (calibration.drift_log10 or 0) - 1e-9


@pytest.fixture
def crops(tmp_path: Path) -> list[Crop]:
    rng = np.random.default_rng(0)
    names = [f"{i}.png" for i in range(4)]
    drawings = {name: as_png(rng.integers(0, 255, (40, 40, 3), np.uint8)) for name in names}
    write_tar(tmp_path / "a.tar", drawings)
    rows = [(name, "fake" if i % 2 else "real", i, 1) for i, name in enumerate(names)]
    write_index(tmp_path / "a.csv", rows)
    return read_index(tmp_path / "a.csv", [tmp_path / "a.tar"])


def test_drift_is_the_largest_difference_between_types_of_number(
    tmp_path: Path, crops: list[Crop]
) -> None:
    model = network(0)
    entry = entry_of(model, tmp_path)
    found = drift(entry, crops)
    assert 0 < found < 1
    assert drift(entry, crops[:1]) <= found
    with torch.no_grad():
        model.frame_head.weight.zero_()
    assert drift(entry_of(model, tmp_path), crops) == 0


def test_thresholds_hold_in_each_group_that_has_enough_crops() -> None:
    labels, scores = drawn(600)
    groups = np.repeat([1, 2, 3], 400)
    scores[groups == 2] += 1.0  # people whose real crops look more like fakes
    scores[groups == 3] -= 1.0  # and some whose fakes look more like real ones
    together = fit(labels, scores, Validity())
    apart = fit(labels, scores, Validity(), groups=groups)

    def errors(found: Calibration, group: int) -> tuple[float, float]:
        ratios = (found.slope * scores + found.intercept) / np.log(10)
        mine = groups == group
        flagged = ratios[mine & ~labels] >= found.fake_at
        return float(flagged.mean()), float((ratios[mine & labels] <= found.real_at).mean())

    assert errors(together, 2)[0] > 0.05
    assert errors(together, 3)[1] > 0.10
    for group in (1, 2, 3):
        flagged, cleared = errors(apart, group)
        assert flagged <= 0.05
        assert cleared <= 0.10
    assert (apart.slope, apart.cap_log10) == (together.slope, together.cap_log10)


def test_real_crops_flagged_at_triage_are_under_five_percent_with_their_interval() -> None:
    labels, scores = drawn(1000)
    calibration = fit(labels, scores, Validity())
    real = (calibration.slope * scores[~labels] + calibration.intercept) / np.log(10)
    flagged = int((real >= calibration.fake_at).sum())
    assert wilson_interval(flagged, 1000)[1] < 0.05 <= wilson_interval(flagged + 1, 1000)[1]
    few = drawn(40, distance=1.0)
    calibration = fit(*few, Validity())
    real = (calibration.slope * few[1][~few[0]] + calibration.intercept) / np.log(10)
    assert not (real >= calibration.fake_at).any()


def test_group_of_few_crops_sets_no_threshold() -> None:
    labels, scores = drawn(600)
    groups = np.repeat([1, 2], [1100, 100])
    scores[groups == 2] += 3.0
    apart, together = (
        fit(labels, scores, Validity(), groups=groups),
        fit(labels, scores, Validity()),
    )
    assert (apart.fake_at, apart.real_at) == (together.fake_at, together.real_at)
