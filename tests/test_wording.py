"""What people read, word for word."""

from typing import Any

import pytest

from forensics import wording


def verdict(label: str, reason: str | None = None, log10_lr: float | None = None) -> dict[str, Any]:
    tracks = [
        {"id": 1, "first_s": 0.0, "last_s": 9.0, "log10_lr": -0.5},
        {"id": 2, "first_s": 41.0, "last_s": 58.9, "log10_lr": log10_lr},
        {"id": 3, "first_s": 41.0, "last_s": 58.9, "log10_lr": None},
    ]
    return {
        "label": label,
        "reason": reason,
        "log10_lr": log10_lr,
        "provenance": {"smallest_face_px": 32.0},
        "examined": ["face_manipulation"],
        "not_examined": [t for t in wording.EXAMINABLE if t != "face_manipulation"],
        "findings": [{"evidence": {"tracks": tracks}}],
        "coverage": {
            "duration_s": 75.0,
            "frames_asked": 20,
            "frames_decoded": 20,
            "frames_with_face": 18,
            "shots": 1,
            "max_gap_s": 14.2,
            "decode_errors": 0,
        },
    }


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        pytest.param(
            verdict("real", log10_lr=-1.0),
            "No indication of face manipulation of the validated kinds was found in the 2 faces "
            "examined. This does not show that the recording is authentic.",
            id="real",
        ),
        pytest.param(
            verdict("fake", log10_lr=1.3),
            "Face track 2 (00:41-00:58): the result is about 20 times more probable if the face was "
            "generated or altered by a validated kind of method than if it was recorded by a camera "
            "and processed ordinarily (moderate support).",
            id="fake",
        ),
        pytest.param(
            verdict("fake", log10_lr=0.2), "Face track 2 (00:41-00:58): screening flag.", id="flag"
        ),
        pytest.param(
            verdict("inconclusive", "near_threshold", 0.3),
            "The examination supports neither proposition over the other. "
            "The measured value lies between the thresholds.",
            id="inconclusive",
        ),
        pytest.param(
            verdict("not_assessed", "no_face"),
            "Not assessed: no face of at least 32 px was found.",
            id="no-face",
        ),
    ],
)
def test_result_sentence(found: dict[str, Any], sentence: str) -> None:
    assert wording.result(found) == sentence


def test_error_rate_is_told_as_counts_with_its_interval() -> None:
    rate = {"files": 1082, "wrong": 54, "data": "DFDC parts 47-49", "date": "2026-11-22"}
    assert wording.error_rate(rate) == (
        "In validation on 1,082 real files of comparable quality, 54 were flagged: 5.0% "
        "(95 % interval 3.8%-6.5%; DFDC parts 47-49, 2026-11-22). The rate on other material is not known."
    )


def test_error_rate_without_validation_is_not_established() -> None:
    assert wording.error_rate(None) == "The rate of false alarms is not established."


def test_coverage_says_what_may_not_have_been_seen() -> None:
    assert wording.coverage(verdict("real")) == (
        "Seen: 20 of 20 frames, 18 with a face, over 01:15; "
        "an altered passage shorter than 14.2 s may not have been seen."
    )


def test_scope_names_what_was_not_examined() -> None:
    assert wording.scope(verdict("real")) == (
        "Examined: face manipulation. Not examined: the sound, whether lips and speech agree, "
        "whether the whole scene was generated, cuts and splices, "
        "whether time, place and context are as claimed."
    )


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (2, "weak support"),
        (10, "moderate support"),
        (999, "moderately strong support"),
        (1000, "strong support"),
        (10_000, "very strong support"),
        (2e6, "extremely strong support"),
    ],
)
def test_verbal_scale_is_that_of_enfsi(ratio: float, words: str) -> None:
    assert wording.support(ratio) == words


@pytest.mark.parametrize(
    ("ratio", "text"), [(2.4, "2"), (18.6, "19"), (123.0, "100"), (4567, "5,000")]
)
def test_ratios_are_rounded_as_their_uncertainty_deserves(ratio: float, text: str) -> None:
    assert wording.rounded(ratio) == text


def test_long_times_have_hours() -> None:
    assert wording.clock(3723.9) == "1:02:03"
