"""Whose errors in validation stand beside a verdict: those of all that voted, or of each, for as many faces."""

from typing import Any

import pytest

from forensics import wording

from .test_wording import FLAGGED, MISSED, finding, track, verdict

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
