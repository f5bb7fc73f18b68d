"""The arithmetic of verdicts, as tables."""

from dataclasses import replace
from math import isclose, log10

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.analysis import fusion
from forensics.records import (
    Calibration,
    Coverage,
    Crowd,
    ErrorRate,
    Evidence,
    Finding,
    Label,
    MediaKind,
    Outcome,
    Policy,
    Reason,
    Thresholds,
    Together,
)

from .. import builders
from ..builders import CALIBRATION, WHOLE

TORN = replace(WHOLE, frames_decoded=10, decode_errors=3)


def finding(*scores: float, frames: int = 8, px: float = 100, name: str = "a") -> Finding:
    tracks = (
        builders.track(i + 1, score, frames=frames, median_face_px=px)
        for i, score in enumerate(scores)
    )
    return builders.finding(*tracks, name=name)


def decide(
    *findings: Finding,
    coverage: Coverage = WHOLE,
    kind: MediaKind = MediaKind.VIDEO,
    calibration: Calibration = CALIBRATION,
) -> fusion.Decision:
    calibrated = [fusion.calibrate(f, calibration, kind) for f in findings]
    return fusion.fuse(calibrated, {f.detector: calibration for f in findings}, kind, coverage)


@pytest.mark.parametrize(
    ("findings", "label", "reason"),
    [
        pytest.param([finding(1.5)], Label.FAKE, None, id="above-the-threshold"),
        pytest.param([finding(-1.5)], Label.REAL, None, id="below-the-threshold"),
        pytest.param([finding(0.2)], Label.INCONCLUSIVE, Reason.NEAR_THRESHOLD, id="between"),
        pytest.param([finding(1.0)], Label.FAKE, None, id="on-the-threshold"),
        pytest.param([finding(-1.5, 1.9)], Label.FAKE, None, id="one-face-of-two"),
        pytest.param([finding(-1.5, 1.2)], Label.INCONCLUSIVE, Reason.NEAR_THRESHOLD, id="diluted"),
        pytest.param(
            [finding(5.0, px=40)], Label.INCONCLUSIVE, Reason.LOW_QUALITY, id="small-face"
        ),
        pytest.param(
            [finding(5.0, frames=2)], Label.NOT_ASSESSED, Reason.TOO_FEW_FRAMES, id="seen-twice"
        ),
        pytest.param(
            [finding(1.5), finding(-1.0, name="b")],
            Label.INCONCLUSIVE,
            Reason.DETECTORS_DISAGREE,
            id="detectors-disagree",
        ),
        pytest.param(
            [finding(1.9), finding(0.3, name="b")], Label.FAKE, None, id="mean-of-two-is-above"
        ),
        pytest.param(
            [finding(1.2), finding(0.0, name="b")],
            Label.INCONCLUSIVE,
            Reason.NEAR_THRESHOLD,
            id="mean-of-two-is-between",
        ),
        pytest.param([], Label.NOT_ASSESSED, Reason.NO_DETECTOR, id="no-detector"),
    ],
)
def test_label_and_reason(findings: list[Finding], label: Label, reason: Reason | None) -> None:
    decision = decide(*findings)
    assert (decision.label, decision.reason) == (label, reason)


CROWDED = replace(
    CALIBRATION, crowds=(Crowd(2, Thresholds(0.8, -0.9)), Crowd(4, Thresholds(0.6, -1.2)))
)


@pytest.mark.parametrize(
    ("scores", "label", "reason"),
    [
        pytest.param([-0.6], Label.REAL, None, id="one-face"),
        pytest.param([-0.6, -0.6], Label.INCONCLUSIVE, Reason.NEAR_THRESHOLD, id="two-faces"),
        pytest.param([-1.0, -1.0], Label.REAL, None, id="two-clearer-ones"),
        pytest.param([1.2, -0.5, -0.5], Label.FAKE, None, id="one-of-three"),
        pytest.param([-1.3] * 4, Label.REAL, None, id="four"),
        pytest.param([-1.3] * 5, Label.INCONCLUSIVE, Reason.OUTSIDE_VALIDATION, id="too-many"),
        pytest.param([1.9] * 5, Label.INCONCLUSIVE, Reason.OUTSIDE_VALIDATION, id="too-many-fakes"),
    ],
)
def test_thresholds_are_those_for_as_many_faces(
    scores: list[float], label: Label, reason: Reason | None
) -> None:
    decision = decide(finding(*scores), calibration=CROWDED)
    assert (decision.label, decision.reason) == (label, reason)


def test_faces_that_were_not_judged_are_not_counted() -> None:
    one = finding(-0.6)
    small = replace(finding(-0.6, px=30).evidence.tracks[0], id=2)
    both = replace(one, evidence=Evidence(tracks=(*one.evidence.tracks, small)))
    assert decide(both, calibration=CROWDED).label is Label.REAL


def test_policy_report_has_its_own_thresholds_for_several_faces_or_none() -> None:
    strict = Thresholds(1.8, -1.0)
    crowds = (Crowd(2, Thresholds(0.8, -0.9), strict), Crowd(3, Thresholds(0.8, -0.9)))
    found = fusion.under(replace(CALIBRATION, report=strict, crowds=crowds), Policy.REPORT)
    assert found is not None
    assert fusion.bounds(found, 1) == fusion.bounds(found, 2) == strict
    assert fusion.bounds(found, 3) is None


def test_torn_file_is_neither_fake_nor_real() -> None:
    for score in (1.9, -1.9):
        decision = decide(finding(score), coverage=TORN)
        assert (decision.label, decision.reason) == (Label.INCONCLUSIVE, Reason.TRUNCATED)


def test_no_face_is_not_assessed() -> None:
    nothing = Finding("a", "1", None, Outcome.NOTHING_TO_EXAMINE)
    assert decide(nothing) == fusion.Decision(Label.NOT_ASSESSED, Reason.NO_FACE)


def test_score_without_calibration_does_not_vote() -> None:
    decision = fusion.fuse([finding(9.0)], {"a": None}, MediaKind.VIDEO, WHOLE)
    assert decision == fusion.Decision(Label.INCONCLUSIVE, Reason.UNCALIBRATED)


def test_track_without_calibration_is_labelled_inconclusive() -> None:
    (track,) = fusion.calibrate(finding(9.0), None, MediaKind.VIDEO).evidence.tracks
    assert (track.label, track.log10_lr) == (Label.INCONCLUSIVE, None)


def test_media_that_nothing_was_validated_on_are_outside_validation() -> None:
    stills = replace(CALIBRATION, kinds=(MediaKind.STILL,))
    raw = fusion.calibrate(finding(1.9), stills, MediaKind.VIDEO)
    decision = fusion.fuse([raw], {"a": stills}, MediaKind.VIDEO, WHOLE)
    assert decision == fusion.Decision(Label.INCONCLUSIVE, Reason.OUTSIDE_VALIDATION)


def test_still_needs_one_frame_only() -> None:
    assert decide(finding(1.5, frames=1), kind=MediaKind.STILL).label is Label.FAKE


def test_small_face_decides_nothing_beside_a_large_one() -> None:
    large, small = finding(-1.5), finding(1.9, px=40)
    tracks = (*large.evidence.tracks, replace(small.evidence.tracks[0], id=2))
    both = replace(large, evidence=Evidence(tracks=tracks))
    assert decide(both).label is Label.REAL


def test_statements_do_not_vote() -> None:
    statement = Finding("s", "1", None, Outcome.STATEMENT)
    assert decide(finding(1.5), statement).label is Label.FAKE


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=30))
def test_ratio_is_capped_and_no_face_raises_it_above_the_worst(scores: list[float]) -> None:
    calibrated = fusion.calibrate(finding(*scores), CALIBRATION, MediaKind.VIDEO)
    assert calibrated.log10_lr is not None
    assert calibrated.fake is not None
    assert -2.0 <= calibrated.log10_lr <= 2.0
    assert calibrated.log10_lr <= max(t.log10_lr or 0 for t in calibrated.evidence.tracks) + 1e-9
    assert 0 < calibrated.fake < 1


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_calibration_is_monotone(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert fusion.log10_lr(low, CALIBRATION) <= fusion.log10_lr(high, CALIBRATION)


def test_ratio_of_a_file_is_the_mean_over_its_faces() -> None:
    assert isclose(fusion.file_ratio([2.0, -2.0]), log10((100 + 0.01) / 2))


@pytest.mark.parametrize(
    ("wrong", "files", "low", "high"),
    [
        pytest.param(0, 10, 0.0, 0.2775, id="none-of-ten"),
        pytest.param(5, 100, 0.0215, 0.1118, id="five-of-a-hundred"),
        pytest.param(10, 10, 0.7225, 1.0, id="all-of-ten"),
    ],
)
def test_wilson_interval_equals_published_values(
    wrong: int, files: int, low: float, high: float
) -> None:
    found = fusion.wilson_interval(wrong, files)
    assert found == pytest.approx((low, high), abs=5e-4)


def test_report_asks_for_more_than_triage_and_is_not_established_without_thresholds() -> None:
    assert fusion.under(CALIBRATION, Policy.TRIAGE) == CALIBRATION
    assert fusion.under(CALIBRATION, Policy.REPORT) is None
    assert fusion.under(None, Policy.REPORT) is None
    strict = fusion.under(replace(CALIBRATION, report=Thresholds(1.8, -1.0)), Policy.REPORT)
    assert strict is not None
    assert (strict.fake_at, strict.real_at, strict.slope) == (1.8, -1.0, CALIBRATION.slope)
    assert fusion.calibrate_track(
        finding(1.5).evidence.tracks[0], strict, MediaKind.VIDEO
    ).label == (Label.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("frames", "label", "reason"),
    [
        pytest.param(2, Label.NOT_ASSESSED, Reason.TOO_FEW_FRAMES, id="hardly-seen"),
        pytest.param(5, Label.INCONCLUSIVE, Reason.LOW_QUALITY, id="seen-too-briefly"),
        pytest.param(8, Label.FAKE, None, id="seen-as-validated"),
    ],
)
def test_face_seen_in_fewer_frames_than_validated_decides_nothing(
    frames: int, label: Label, reason: Reason | None
) -> None:
    long = replace(CALIBRATION, min_frames=8)
    found = fusion.calibrate(finding(1.5, frames=frames), long, MediaKind.VIDEO)
    decision = fusion.fuse([found], {"a": long}, MediaKind.VIDEO, WHOLE)
    assert (decision.label, decision.reason) == (label, reason)


RATE = ErrorRate(35, 1, "clips", "2026-11-29", "videos", undecided=30)
JOINT = Together(
    of=("a", "b"),
    weights=("1", "2"),
    flagged_real=RATE,
    missed_fake=RATE,
    kinds=(MediaKind.VIDEO,),
    shares=(0.75, 0.25),
    calibration=replace(CALIBRATION, intercept=0.2 * 2.302585092994046, fake_at=0.5, real_at=-0.3),
)


def decide_jointly(a: float, b: float, kind: MediaKind = MediaKind.VIDEO) -> fusion.Decision:
    findings = [fusion.calibrate(f, CALIBRATION, kind) for f in (finding(a), finding(b, name="b"))]
    both = {"a": CALIBRATION, "b": CALIBRATION}
    return fusion.fuse(findings, both, kind, WHOLE, (JOINT,))


@pytest.mark.parametrize(
    ("a", "b", "ratio", "label"),
    [
        pytest.param(0.4, 0.0, 0.5, Label.FAKE, id="on-its-own-threshold"),
        pytest.param(-0.8, 0.4, -0.3, Label.REAL, id="on-the-lower-one"),
        pytest.param(0.0, 0.0, 0.2, Label.INCONCLUSIVE, id="between"),
        pytest.param(1.0, -0.6, 0.8, Label.FAKE, id="no-veto-of-one-that-disagrees"),
        pytest.param(9.0, 9.0, 2.0, Label.FAKE, id="capped"),
    ],
)
def test_what_was_fitted_of_detectors_together_decides(
    a: float, b: float, ratio: float, label: Label
) -> None:
    decision = decide_jointly(a, b)
    assert decision.label is label
    assert decision.log10_lr == pytest.approx(ratio)


def test_what_was_fitted_on_videos_decides_no_still() -> None:
    assert decide_jointly(0.4, 0.0, MediaKind.STILL).log10_lr == pytest.approx(0.2)


def test_what_was_fitted_of_two_decides_nothing_for_one_of_them() -> None:
    alone = fusion.calibrate(finding(0.4), CALIBRATION, MediaKind.VIDEO)
    decision = fusion.fuse([alone], {"a": CALIBRATION}, MediaKind.VIDEO, WHOLE, (JOINT,))
    assert decision.log10_lr == pytest.approx(0.4)


def test_videos_are_judged_by_the_calibration_that_was_fitted_on_them() -> None:
    videos = replace(CALIBRATION, fake_at=0.4, kinds=(MediaKind.VIDEO,))
    both = replace(CALIBRATION, videos=videos)
    assert decide(finding(0.5), calibration=both).label is Label.FAKE
    still = decide(finding(0.5), calibration=both, kind=MediaKind.STILL)
    assert still.label is Label.INCONCLUSIVE


def test_policy_that_is_established_for_stills_alone_leaves_videos_out() -> None:
    videos = replace(CALIBRATION, kinds=(MediaKind.VIDEO,))
    strict = Thresholds(1.8, -1.0)
    both = replace(CALIBRATION, report=strict, videos=videos)
    under = fusion.under(both, Policy.REPORT)
    assert under is not None
    assert (under.kinds, under.fake_at) == ((MediaKind.STILL,), 1.8)
    alone = fusion.under(replace(both, report=None), Policy.REPORT)
    assert alone is None
