"""What a manifest says of videos, and of several detectors together."""

from dataclasses import replace
from pathlib import Path

import pytest

from forensics import weights
from forensics.errors import WeightsError
from forensics.records import ErrorRate, MediaKind, Together
from forensics.weights import put_together

from .test_weights import CALIBRATION, folder, table

RATE = ErrorRate(35, 1, "clips", "2026-11-29", "videos", undecided=30)


def test_calibration_for_videos_and_of_several_together_read_back_as_written(
    tmp_path: Path,
) -> None:
    folder(tmp_path, table("a"), table("b"))
    videos = replace(CALIBRATION, kinds=(MediaKind.VIDEO,), report=None, flagged_real=RATE)
    a, b = weights.read(tmp_path / weights.FILE_NAME).entries
    weights.put(replace(a, calibration=replace(CALIBRATION, videos=videos)))
    fitted = Together(
        ("a", "b"), (a.sha256, b.sha256), RATE, RATE, (MediaKind.VIDEO,), (0.75, 0.25), videos
    )
    put_together(a.manifest, fitted)
    manifest = weights.read(a.manifest)
    assert manifest.entries[1].calibration == replace(CALIBRATION, videos=videos)
    assert manifest.together == (fitted,)


def test_what_was_fitted_on_videos_stays_beside_what_was_counted_on_stills(tmp_path: Path) -> None:
    folder(tmp_path, table("a"), table("b"))
    a, b = weights.read(tmp_path / weights.FILE_NAME).entries
    both = Together(("a", "b"), (a.sha256, b.sha256), RATE, RATE)
    put_together(a.manifest, both)
    fitted = replace(both, kinds=(MediaKind.VIDEO,), shares=(1.0, 0.0), calibration=CALIBRATION)
    put_together(a.manifest, fitted)
    stills = replace(both, kinds=(MediaKind.STILL,))
    assert weights.read(a.manifest).together == (stills, fitted)
    weights.put(replace(a, calibration=replace(CALIBRATION, slope=9.0)))
    assert weights.read(a.manifest).together == ()


def test_new_calibration_for_videos_leaves_what_was_counted_on_stills(tmp_path: Path) -> None:
    folder(tmp_path, table("a"), table("b"))
    a, b = weights.read(tmp_path / weights.FILE_NAME).entries
    with_stills = replace(a, calibration=CALIBRATION)
    weights.put(with_stills)
    put_together(a.manifest, Together(("a", "b"), (a.sha256, b.sha256), RATE, RATE))
    videos = replace(CALIBRATION, kinds=(MediaKind.VIDEO,))
    stills = replace(CALIBRATION, kinds=(MediaKind.STILL,), videos=videos)
    weights.put(replace(with_stills, calibration=stills))
    (kept,) = weights.read(a.manifest).together
    assert kept.kinds == (MediaKind.STILL,)


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        pytest.param((1.0,), "has 1 numbers for 2 detectors", id="one-too-few"),
        pytest.param((1.5, -0.5), "none may be negative", id="negative"),
    ],
)
def test_shares_are_one_a_detector_and_none_negative(
    tmp_path: Path, shares: tuple[float, ...], message: str
) -> None:
    folder(tmp_path, table("a"), table("b"))
    a, b = weights.read(tmp_path / weights.FILE_NAME).entries
    wrong = Together(
        ("a", "b"),
        (a.sha256, b.sha256),
        RATE,
        RATE,
        (MediaKind.VIDEO,),
        shares,
        CALIBRATION,
    )
    with pytest.raises(WeightsError, match=message):
        put_together(a.manifest, wrong)
