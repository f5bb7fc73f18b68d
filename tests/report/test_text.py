"""The report as plain text."""

import re
from pathlib import Path

import pytest

from forensics.records import Label, Reason
from forensics.report.report_data import Record
from forensics.report.text import WIDTH, text_report
from forensics.store.models import JobState

from .samples import failed, note, scored, statement, told

HASH = re.compile("[0-9a-f]{64}")
GOLDEN = Path(__file__).parent / "report.txt"


def test_text_is_as_it_was_agreed() -> None:
    record = told(
        statement("Container: mp4.", 'Written by "Lavf62".'),
        scored(tracks=2),
        reviews=(note("Sent in by the desk."), note("Not usable:\nrecompressed.", kind="review")),
    )
    assert text_report(record) == GOLDEN.read_text()


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(told(label=Label.REAL), id="real"),
        pytest.param(
            told(label=Label.INCONCLUSIVE, reason=Reason.DETECTORS_DISAGREE), id="inconclusive"
        ),
        pytest.param(told(label=Label.NOT_ASSESSED, reason=Reason.NO_FACE), id="not assessed"),
        pytest.param(failed(), id="failed"),
        pytest.param(failed(error=None, state=JobState.QUEUED), id="queued"),
    ],
)
def test_lines_are_short_but_for_hashes(record: Record) -> None:
    lines = text_report(record).splitlines()
    assert all(len(line) <= WIDTH for line in lines if not HASH.search(line))


def test_path_is_never_broken() -> None:
    path = "/evidence/" + "two  words " * 20 + "end.mp4"
    assert f"{path}\n" in text_report(told(path=path))
