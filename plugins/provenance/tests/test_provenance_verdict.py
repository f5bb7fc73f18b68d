"""Statements stand beside a verdict and do not move it."""

from collections.abc import Callable
from pathlib import Path

from forensics_provenance.detector import ProvenanceDetector

from forensics.analysis import fusion
from forensics.analysis.analyse import Equipment, analyse
from forensics.analysis.messages import Done, Task
from forensics.records import (
    EXAMINABLE,
    Calibration,
    Coverage,
    Finding,
    Label,
    MediaKind,
    Outcome,
    Reason,
    Verdict,
)
from forensics.settings import Settings
from forensics.testing import conformance

TestConformance = conformance("provenance")

CALIBRATION = Calibration(1.0, 0.0, 2.0, 1.0, -1.0, 1, 1, (MediaKind.STILL,))
SEEN = Coverage(None, 1, 1, 1, 1, None, 0)


def verdict_of(path: Path) -> Verdict:
    equipment = Equipment(Settings(), (ProvenanceDetector(),), None, {})
    *_, last = analyse(Task(1, str(path)), equipment)
    assert isinstance(last, Done)
    return last.verdict


def test_file_with_statements_alone_is_not_assessed(signed: Callable[..., Path]) -> None:
    verdict = verdict_of(signed())
    assert (verdict.label, verdict.reason) == (Label.NOT_ASSESSED, Reason.NO_DETECTOR)
    assert verdict.examined == ()
    assert verdict.not_examined == EXAMINABLE
    (finding,) = verdict.findings
    assert finding.outcome is Outcome.STATEMENT
    assert (finding.score, finding.log10_lr, finding.fake) == (None, None, None)
    assert "valid but untrusted" in finding.evidence.statements[0]


def test_statements_do_not_vote() -> None:
    scored = Finding("faces", "1", None, Outcome.SCORED, score=5.0)
    scored = fusion.calibrate(scored, CALIBRATION, MediaKind.STILL)
    statement = Finding("provenance", "1", None, Outcome.STATEMENT)
    known = {"faces": CALIBRATION, "provenance": None}
    alone = fusion.fuse([scored], known, MediaKind.STILL, SEEN)
    assert alone.label is Label.FAKE
    assert fusion.fuse([statement, scored], known, MediaKind.STILL, SEEN) == alone


def test_file_without_a_face_stays_one_without_a_face() -> None:
    nothing = Finding("faces", "1", None, Outcome.NOTHING_TO_EXAMINE)
    statement = Finding("provenance", "1", None, Outcome.STATEMENT)
    known = {"faces": CALIBRATION, "provenance": None}
    decided = fusion.fuse([nothing, statement], known, MediaKind.STILL, SEEN)
    assert (decided.label, decided.reason) == (Label.NOT_ASSESSED, Reason.NO_FACE)
