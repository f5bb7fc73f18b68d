"""What people read, word for word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.cli import common, verdict_text
from forensics.records import EXAMINABLE, ErrorRates, StoredVerdict
from forensics.report import wording
from forensics.serialization import plain
from forensics.store.queries.stored_verdicts import structure_verdict

from .verdicts import FAILED, finding, outcome, track, verdict

FALSE_ALARMS = (
    "In validation on 1,082 real face crops of comparable quality, 54 were flagged: 5.0% "
    "(95 % interval 3.8%-6.5%; DFDC parts 47-49, 2026-11-22). The rate on other material is not known."
)
MISSED_FAKES = (
    "In validation on 1,040 manipulated face crops of comparable quality, 151 showed no indication: 14.5% "
    "(95 % interval 12.5%-16.8%; DFDC parts 47-49, 2026-11-22). The rate on other material is not known."
)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        pytest.param(
            verdict("real", log10_lr=-1.0),
            "No indication of face manipulation of the validated kinds was found in the 1 face "
            "examined. This does not show that the recording is authentic.",
            id="real",
        ),
        pytest.param(
            verdict("real", findings=[finding(track(1, -1.0), track(2, -0.9))]),
            "No indication of face manipulation of the validated kinds was found in the 2 faces "
            "examined. This does not show that the recording is authentic.",
            id="real-of-two-faces",
        ),
        pytest.param(
            verdict("real", log10_lr=-1.0, findings=[finding()]),
            "No indication of face manipulation of the validated kinds was found in the file "
            "examined. This does not show that the recording is authentic.",
            id="real-without-tracks",
        ),
        pytest.param(
            verdict("fake", log10_lr=1.3),
            "Face track 2 (00:41-00:58): the result is about 19 times more probable if the face was "
            "generated or altered by a validated kind of method than if it was recorded by a camera "
            "and processed ordinarily (moderate support).",
            id="fake",
        ),
        pytest.param(
            verdict(
                "fake", log10_lr=1.0, findings=[finding(track(2, 1.2)), finding(track(2, 0.8))]
            ),
            "Face track 2 (00:41-00:58): the result is about 10 times more probable if the face was "
            "generated or altered by a validated kind of method than if it was recorded by a camera "
            "and processed ordinarily (moderate support).",
            id="one-face-and-two-detectors",
        ),
        pytest.param(
            verdict("fake", log10_lr=0.8, findings=[finding(track(1, -0.5), track(2, 1.1))]),
            "One of the 2 faces, most likely face track 2 (00:41-00:58): the result is about 6 times "
            "more probable if one of them was generated or altered by a validated kind of method than "
            "if all were recorded by a camera and processed ordinarily (weak support).",
            id="one-of-two-faces",
        ),
        pytest.param(
            verdict(
                "fake", log10_lr=1.0, findings=[finding(track(1, -0.5, 0.0), track(2, 1.3, 0.0))]
            ),
            "One of the 2 faces, most likely face 2: the result is about 10 times "
            "more probable if one of them was generated or altered by a validated kind of method than "
            "if all were recorded by a camera and processed ordinarily (moderate support).",
            id="one-of-two-faces-in-a-still",
        ),
        pytest.param(
            verdict("fake", log10_lr=1.0, findings=[finding()]),
            "The file: the result is about 10 times more probable if it was generated or altered by a "
            "validated kind of method than if it was recorded by a camera and processed ordinarily "
            "(moderate support).",
            id="fake-without-tracks",
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
        pytest.param(
            verdict("not_assessed", "no_face", smallest_face_px=None),
            "Not assessed: no face was found.",
            id="no-face-finder",
        ),
    ],
)
def test_result_sentence(found: StoredVerdict, sentence: str) -> None:
    assert wording.result(found) == sentence


def test_most_likely_face_is_that_with_the_highest_mean_over_the_detectors() -> None:
    findings = [finding(track(1, 1.9), track(2, 1.5)), finding(track(1, -1.0), track(2, 1.5))]
    assert "most likely face track 2" in wording.where(verdict("fake", None, 1.2, findings))


@pytest.mark.parametrize(
    ("label", "sentences"),
    [
        pytest.param("fake", (FALSE_ALARMS,), id="fake"),
        pytest.param("real", (MISSED_FAKES,), id="real"),
        pytest.param("inconclusive", (FALSE_ALARMS, MISSED_FAKES), id="inconclusive"),
        pytest.param(None, (FALSE_ALARMS, MISSED_FAKES), id="many-files"),
    ],
)
def test_error_rate_is_that_of_the_error_which_the_label_can_be(
    label: str | None, sentences: tuple[str, ...]
) -> None:
    (rates,) = wording.validated_errors(verdict("real")).values()
    assert wording.error_rates(label, rates) == sentences


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        pytest.param("fake", "The rate of false alarms is not established.", id="fake"),
        pytest.param("real", "The rate of missed fakes is not established.", id="real"),
    ],
)
def test_error_rate_without_validation_is_not_established(label: str, sentence: str) -> None:
    assert wording.error_rates(label, ErrorRates()) == (sentence,)


def test_error_rate_that_was_stored_without_a_unit_counts_files() -> None:
    values = plain(verdict("fake"))
    (calibrated, _) = values["provenance"]["pipeline"]["detectors"]
    del calibrated["calibration"]["flagged_real"]["unit"]
    (rates,) = wording.validated_errors(structure_verdict(values)).values()
    assert "on 1,082 real files of comparable quality" in wording.false_alarms(rates.flagged_real)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        pytest.param(["real"], [MISSED_FAKES], id="one-file"),
        pytest.param(["real", "real"], [FALSE_ALARMS, MISSED_FAKES], id="many-files"),
    ],
)
def test_scope_of_a_scan_tells_the_errors_of_its_labels(
    labels: list[str], told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    verdict_text.print_scope([FAILED, *(outcome(verdict(label)) for label in labels)])
    assert capsys.readouterr().out.splitlines()[1:] == [f"a: {sentence}" for sentence in told]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("näher\nangesehen", "näher\nangesehen", id="harmless"),
        pytest.param("\x1b]0;owned\x07.mp4", r"\x1b]0;owned\x07.mp4", id="title"),
        pytest.param("fake\rreal", r"fake\x0dreal", id="carriage-return"),
        pytest.param("\x9b2J\x7f\x00\t", r"\x9b2J\x7f\x00\x09", id="other-controls"),
    ],
)
def test_control_characters_from_data_do_not_reach_the_terminal(text: str, shown: str) -> None:
    assert common.printed(text).plain == shown


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
    ("ratio", "text"),
    [
        (2.4, "2"),
        (9.99, "9"),
        (18.6, "18"),
        (99.9, "99"),
        (150.0, "100"),
        (950.0, "900"),
        (4567, "4,000"),
        (1e6, "1,000,000"),
    ],
)
def test_ratios_are_rounded_down_as_their_uncertainty_deserves(ratio: float, text: str) -> None:
    assert wording.rounded(ratio) == text


@given(st.floats(2, 1e9))
def test_rounded_ratio_has_the_same_words_as_the_ratio(ratio: float) -> None:
    shown = int(wording.rounded(ratio).replace(",", ""))
    assert shown <= ratio
    assert wording.support(shown) == wording.support(ratio)


def test_long_times_have_hours() -> None:
    assert wording.clock(3723.9) == "1:02:03"


def test_every_topic_that_can_be_examined_has_its_words() -> None:
    assert tuple(wording.TOPICS) == EXAMINABLE
