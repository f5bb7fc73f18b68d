"""Files of several faces: thresholds of their own, whose rates hold where those of one face do not."""

from dataclasses import replace

import numpy as np
import pytest
from forensics_resnext_lstm.evaluation.calibrate import Validity, counted, fit
from forensics_resnext_lstm.evaluation.multi_face import FACES, Files, composed, mean_ratio
from forensics_resnext_lstm.evaluation.scoring_crops import decided

from forensics.analysis import fusion
from forensics.analysis.fusion import bounds, file_ratio, log10_lr
from forensics.records import Calibration, Crowd

COUNT = 2000


def drawn(seed: int, count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(2 * count) % 2 == 1
    return labels, np.random.default_rng(seed).normal(size=2 * count) + 2.5 * labels


def dealt(seed: int, calibration: Calibration, faces: int) -> Files:
    labels, scores = drawn(seed, count=20_000)
    ratios = np.array([log10_lr(score, calibration) for score in scores])
    return composed(Files(ratios, labels, np.zeros(len(labels), np.int64)), faces, 1)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return fit(*drawn(1), Validity())


@pytest.mark.parametrize("faces", FACES)
def test_rates_hold_for_as_many_faces(calibration: Calibration, faces: int) -> None:
    at, files = bounds(calibration, faces), dealt(2, calibration, faces)
    assert at is not None
    assert (files.of(False) >= at.fake_at).mean() < 0.06
    assert (files.of(True) <= at.real_at).mean() < 0.12


def test_thresholds_of_one_face_would_clear_more_fakes_than_they_say(
    calibration: Calibration,
) -> None:
    files = dealt(2, calibration, 5)
    assert (files.of(True) <= calibration.real_at).mean() > 0.15


@pytest.mark.parametrize("faces", FACES)
def test_thresholds_are_no_looser_than_those_of_one_face(
    calibration: Calibration, faces: int
) -> None:
    one, at = bounds(calibration, 1), bounds(calibration, faces)
    assert one is not None
    assert at is not None
    assert at.fake_at >= one.fake_at
    assert at.real_at <= one.real_at


def test_file_has_the_ratio_that_the_program_gives_it() -> None:
    ratios = np.array([[0.5, -1.0, 1.5], [0.1, 0.2, 0.3]])
    assert mean_ratio(ratios).tolist() == pytest.approx([file_ratio(row) for row in ratios])


def test_files_are_put_together_within_a_group_and_share_no_crop() -> None:
    labels = np.repeat([False, True], 12)
    groups = np.tile([1, 2], 12)
    ratios = np.log10(groups + np.where(labels, 100.0, 0.0) + np.arange(24) / 1000)
    files = composed(Files(ratios, labels, groups), 3, deals=1)
    sums = 3 * 10**files.ratios
    assert len(files.of(False)) == len(files.of(True)) - 2 == 4
    for group, fake, total in zip(files.groups, files.labels, sums, strict=True):
        assert round(total) == 3 * group + 100 * fake
    assert sums[~files.labels].sum() == pytest.approx(sum(10 ** ratios[~labels]))


def test_few_crops_establish_nothing_for_several_faces() -> None:
    assert fit(*drawn(1, count=80), Validity()).crowds == (Crowd(2, None),)


@pytest.mark.parametrize("kinds", ["few", "real"], ids=["few-crops", "real-ones-alone"])
def test_group_of_few_files_or_one_kind_sets_no_threshold(kinds: str) -> None:
    labels, scores = drawn(1)
    groups = np.where(np.arange(len(labels)) < 30, 49, 47)
    if kinds == "real":
        labels = labels & (groups == 47)
    crowds = fit(labels, scores, Validity(), groups=groups).crowds
    assert [crowd.faces for crowd in crowds] == list(FACES)
    assert all(crowd.at for crowd in crowds)


def test_number_of_faces_that_no_file_can_have_is_left_out(calibration: Calibration) -> None:
    labels, scores = drawn(3, count=6)
    found = counted(calibration, labels, scores, "drawn", "2026-11-28")
    assert [crowd.faces for crowd in found.crowds] == [2, 3, 5]
    none = counted(calibration, labels[:2], scores[:2], "drawn", "2026-11-28")
    assert none.crowds == (Crowd(2, None),)


def test_errors_are_counted_on_files_that_share_no_crop(calibration: Calibration) -> None:
    labels, scores = drawn(3)
    found = counted(calibration, labels, scores, "drawn", "2026-11-28")
    for crowd in found.crowds:
        assert crowd.at is not None
        assert crowd.at.flagged_real is not None
        assert crowd.at.flagged_real.files == COUNT // crowd.faces
        assert crowd.at.flagged_real.wrong <= 0.07 * COUNT / crowd.faces
    assert [crowd.faces for crowd in found.crowds] == list(FACES)
    assert replace(found, flagged_real=None, missed_fake=None, report=None, crowds=()) == replace(
        calibration, report=None, crowds=()
    )


def test_prepared_video_of_several_faces_is_decided_as_the_program_does(
    calibration: Calibration,
) -> None:
    scores = [0.1, 2.0, -0.3]
    ratio, label = decided(scores, calibration)
    assert ratio == file_ratio([log10_lr(score, calibration) for score in scores])
    at = bounds(calibration, 3)
    assert at is not None
    assert label == fusion.label_of(ratio, at.fake_at, at.real_at).value
    assert decided([9.0] * (FACES[-1] + 1), calibration)[1] == "inconclusive"
    assert decided([], calibration) == (None, "inconclusive")
