"""The weights that come with the project are what their manifest says, and say what they are."""

import re
from pathlib import Path

import pytest

from forensics import weights
from forensics.records import MediaKind, Together
from forensics.weights import WeightsEntry, WeightsStatus, manifest

FOLDER = Path(__file__).parents[2] / "weights"
CARD = (FOLDER / "README.md").read_text()
MANIFEST = manifest.read(FOLDER / manifest.FILE_NAME)
ENTRIES, TOGETHER = MANIFEST.entries, MANIFEST.together

pytestmark = pytest.mark.weights
each = pytest.mark.parametrize("entry", [pytest.param(e, id=e.name) for e in ENTRIES])


def test_default_detectors_have_weights() -> None:
    assert {entry.name for entry in ENTRIES} >= {"resnext-lstm", "efficientnet-lstm"}


@each
def test_file_is_the_one_in_the_manifest_and_not_too_large(entry: WeightsEntry) -> None:
    weights.verify(entry)
    assert entry.path.stat().st_size < 70_000_000


@each
def test_terms_and_status_are_stated(entry: WeightsEntry) -> None:
    assert "research only" in entry.permitted_use
    assert entry.data
    assert entry.status is not WeightsStatus.PROVISIONAL or "provisional" in entry.permitted_use


@each
def test_model_card_gives_the_measured_auc(entry: WeightsEntry) -> None:
    auc = entry.figures["auc"]
    shown = [f"{auc[key]:.3f}".removeprefix("0") for key in ("value", "low", "high")]
    assert f"{shown[0]} ({shown[1]} to {shown[2]})" in CARD


@each
def test_calibration_counts_errors_on_other_crops_than_it_was_fitted_on(
    entry: WeightsEntry,
) -> None:
    if entry.calibration is None:
        pytest.skip(f"{entry.name} has no calibration")
    assert entry.calibration.flagged_real is not None
    assert "parts 1, 16, 31, 46" in entry.calibration.flagged_real.data


@each
def test_network_learnt_from_nobody_that_it_is_calibrated_or_measured_on(
    entry: WeightsEntry,
) -> None:
    assert len(entry.learnt) > 40
    assert {"1", "16", "31", "46", "47", "48", "49"}.isdisjoint(entry.learnt)


@each
def test_every_stage_of_the_training_is_kept_and_in_the_card(entry: WeightsEntry) -> None:
    assert entry.recipe == entry.stages[-1]["recipe"]
    for stage in entry.stages:
        assert stage["recipe"]["name"] in CARD
        assert 0 < stage["steps"] <= stage["recipe"]["steps"]


@each
def test_model_card_gives_the_errors_for_each_number_of_faces(entry: WeightsEntry) -> None:
    assert entry.calibration is not None
    for crowd in entry.calibration.crowds:
        assert crowd.at is not None
        rates = (crowd.at.flagged_real, crowd.at.missed_fake)
        counts = " | ".join(f"{rate.wrong} of {rate.files:,}" for rate in rates if rate)
        assert re.search(rf"^\| {crowd.faces} \|.*{re.escape(counts)}", CARD, re.MULTILINE)


@pytest.mark.parametrize("both", [pytest.param(t, id="+".join(t.kinds)) for t in TOGETHER])
def test_model_card_gives_the_errors_of_both_together(both: Together) -> None:
    assert {*both.of} == {entry.name for entry in ENTRIES}
    real, fake = both.flagged_real, both.missed_fake
    assert f"{real.files:,} real | {real.wrong} (" in CARD
    assert f"{fake.wrong} ({fake.wrong / fake.files:.1%}".replace("%", " %") in CARD


def test_both_kinds_of_media_have_what_was_measured_on_them() -> None:
    assert [both.kinds for both in TOGETHER] == [(MediaKind.VIDEO,), (MediaKind.STILL,)]
    for entry in ENTRIES:
        assert entry.calibration is not None
        assert entry.calibration.of(MediaKind.VIDEO).kinds == (MediaKind.VIDEO,)


def test_error_rates_of_videos_leave_no_outcome_out() -> None:
    videos = TOGETHER[0]
    assert videos.calibration is not None
    for rate in (videos.flagged_real, videos.missed_fake):
        assert rate.unit == "videos"
        assert rate.undecided is not None
        assert rate.wrong + rate.undecided <= rate.files
