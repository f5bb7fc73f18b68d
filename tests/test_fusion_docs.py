"""The page on fusion is true: every row of its tables is what the rule gives."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from forensics.analysis import fusion
from forensics.records import (
    Calibration,
    Evidence,
    Finding,
    MediaKind,
    Outcome,
)

from . import builders
from .builders import CALIBRATION, WHOLE

PAGE = (Path(__file__).parent.parent / "docs" / "fusion.md").read_text(encoding="utf-8")
VOTES, NOBODY = (
    [[cell.strip() for cell in row.strip("|").split("|")] for row in rows.splitlines()]
    for rows in re.findall(r"^\|---.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
)
VOTER = replace(CALIBRATION, min_frames=8)
VIDEO = MediaKind.VIDEO


def scored(name: str, score: float) -> Finding:
    return fusion.calibrate(builders.finding(name=name, score=score), VOTER, VIDEO)


def said(decision: fusion.Decision) -> tuple[str, str]:
    return decision.label.value, decision.reason.value if decision.reason else ""


@pytest.mark.parametrize("row", [pytest.param(row, id=" ".join(row[:2])) for row in VOTES])
def test_votes_decide_as_the_table_says(row: list[str]) -> None:
    a, b, mean, label, reason = row
    statement = Finding("b", "1", None, Outcome.STATEMENT)
    findings = [scored("a", float(a)), statement if b == "–" else scored("b", float(b))]
    decision = fusion.fuse(findings, {"a": VOTER, "b": VOTER}, VIDEO, WHOLE)
    assert said(decision) == (label, reason)
    assert f"{decision.log10_lr:.2f}" == mean


def seen(frames: int, px: float) -> Finding:
    track = builders.track(frames=frames, median_face_px=px)
    return replace(scored("a", 1.5), log10_lr=None, evidence=Evidence(tracks=(track,)))


RAW = builders.finding(score=1.5)
CASES: dict[str, tuple[list[Finding], Calibration | None]] = {
    "no finding at all": ([], VOTER),
    "detectors looked and there was nothing to examine": (
        [Finding("a", "1", None, Outcome.NOTHING_TO_EXAMINE)],
        VOTER,
    ),
    "statements only": ([Finding("a", "1", None, Outcome.STATEMENT)], VOTER),
    "scores, and none of them calibrated": ([RAW], None),
    "calibrated, not for this kind of media": ([RAW], replace(VOTER, kinds=(MediaKind.STILL,))),
    "calibrated, every face seen in fewer than 3 sampled frames of a video": (
        [seen(2, 100)],
        VOTER,
    ),
    "calibrated, every face smaller or seen more briefly than validated": ([seen(8, 40)], VOTER),
}


@pytest.mark.parametrize("row", [pytest.param(row, id=row[0]) for row in NOBODY])
def test_nobody_votes_as_the_table_says(row: list[str]) -> None:
    findings, calibration = CASES[row[0]]
    calibrated = [fusion.calibrate(f, calibration, VIDEO) for f in findings]
    assert all(finding.log10_lr is None for finding in calibrated)
    decision = fusion.fuse(calibrated, {"a": calibration}, VIDEO, WHOLE)
    assert said(decision) == (row[1], row[2])


def test_page_names_the_rule_in_force() -> None:
    assert f"`{fusion.FUSION_RULE}`" in PAGE
    assert len(VOTES) > 8
    assert {row[0] for row in NOBODY} == CASES.keys()
