"""The sentences of a report's first page."""

from datetime import UTC, datetime

import pytest

from forensics.errors import ErrorCode
from forensics.records import Label, Reason
from forensics.report import wording
from forensics.report.report_data import Record
from forensics.report.summary import summary
from forensics.store.queries.validations import OwnValidation, Tally

from .samples import failed, scored, statement, told

RECORDED = "recorded by a camera and processed ordinarily"
ALTERED = "generated or altered by a validated kind of method"


@pytest.mark.parametrize(
    ("record", "first", "second"),
    [
        pytest.param(told(scored()), "The face was", "The face was", id="one-face"),
        pytest.param(
            told(scored(tracks=2)),
            "One of the 2 faces was",
            "Each of the 2 faces was",
            id="two-faces",
        ),
        pytest.param(
            told(scored(log10_lr=None), label=Label.INCONCLUSIVE, reason=Reason.LOW_QUALITY),
            "A face in the file was",
            "Every face in the file was",
            id="none-scored",
        ),
    ],
)
def test_propositions_are_about_the_faces_that_were_scored(
    record: Record, first: str, second: str
) -> None:
    assert summary(record).propositions == (f"{first} {ALTERED}.", f"{second} {RECORDED}.")


@pytest.mark.parametrize(
    ("error", "message", "sentence"),
    [
        pytest.param(
            ErrorCode.EMPTY, "no content", "could not be analysed (empty). no content", id="why"
        ),
        pytest.param(
            ErrorCode.DEADLINE, None, "could not be analysed (deadline).", id="no-message"
        ),
        pytest.param(None, None, "has not been analysed yet.", id="queued"),
    ],
)
def test_file_without_a_verdict_has_no_result(
    error: ErrorCode | None, message: str | None, sentence: str
) -> None:
    page = summary(failed(error=error, error_message=message))
    assert page.result == f"No result: the file {sentence}"
    assert page.error_rates == ()
    assert page.scope.startswith("Examined: nothing. Not examined: face manipulation")


def test_own_validation_stands_beside_that_of_the_detectors() -> None:
    counts = {"real": {"fake": 1, "real": 39}, "fake": {"real": 9, "fake": 31}}
    tally = Tally("lab", datetime(2026, 11, 1, tzinfo=UTC), "00" * 32, counts)
    validations = (OwnValidation(tally, same_pipeline=False),)
    names = [name for name, _ in summary(told(validations=validations)).error_rates]
    assert names == ["net", "Own files, with other detectors or settings"]


def test_exhibit_has_its_hash_as_received_and_its_place_in_the_case() -> None:
    rows = dict(summary(told()).exhibit)
    assert rows["SHA-256 as received"] == "5f" * 32
    assert rows["Case, exhibit"] == "A-17, 3"


def test_file_that_could_not_be_read_has_no_hash() -> None:
    rows = dict(summary(failed(sha256=None)).exhibit)
    assert rows["SHA-256 as received"] == "unknown: it could not be read"


@pytest.mark.parametrize("label", [Label.FAKE, Label.REAL, Label.NOT_ASSESSED])
def test_only_an_inconclusive_verdict_has_a_reason_of_its_own(label: Label) -> None:
    reason = Reason.NO_FACE if label is Label.NOT_ASSESSED else None
    assert summary(told(label=label, reason=reason)).why == ()


def test_detectors_that_do_not_score_are_no_reason() -> None:
    record = told(
        statement("Container: mp4."),
        scored(log10_lr=0.1),
        label=Label.INCONCLUSIVE,
        reason=Reason.NEAR_THRESHOLD,
    )
    first, *others = summary(record).why
    assert first == wording.REASONS["near_threshold"]
    assert [sentence.partition(":")[0] for sentence in others] == ["net"]
