"""Analysing again as recorded: what must be the same, and how far a ratio may move."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forensics.analysis.analyse import Equipment
from forensics.errors import ForensicsError
from forensics.records import Label, MediaInfo, MediaKind, Passage, StoredVerdict
from forensics.serialization import plain
from forensics.settings import Settings
from forensics.store.queries.files import HeldFile
from forensics.store.queries.stored_verdicts import structure_verdict
from forensics.verification import rerun
from forensics.verification.rehash import sha256_of
from tests.inline import InlineExecutor

from ..distributions import write_still
from ..distributions.colour.forensics_colour import CALIBRATION, FAKE, REAL, ColourDetector

COLOUR = ColourDetector("colour", steady=True, weights="ab" * 32)


def executor(detector: ColourDetector = COLOUR, **settings: Any) -> InlineExecutor:
    return InlineExecutor(Equipment(Settings(**settings), (detector,), None, {}))


def held(path: Path) -> HeldFile:
    return HeldFile(str(path), str(sha256_of(str(path))), path.stat().st_size)


@pytest.fixture
def red(tmp_path: Path) -> HeldFile:
    return held(write_still(tmp_path / "red.png", FAKE))


@pytest.fixture
def recorded(red: HeldFile) -> StoredVerdict:
    """Return a verdict on the red picture, as it is stored."""
    work = executor()
    pipeline = work.equipment.pipeline(Passage())
    media = MediaInfo(red.sha256, red.size_bytes, MediaKind.STILL, "png", "png", 64, 64)
    expected = {"label": "fake", "media": media, "provenance": {"pipeline": pipeline}}
    return rerun.rerun(work, [red], Passage(), structure_verdict(plain(expected)))


def test_same_again_is_the_same(red: HeldFile, recorded: StoredVerdict) -> None:
    now = rerun.rerun(executor(), [red], Passage(), recorded)
    assert all(row.same for row in rerun.compared(recorded, now))
    pipelines = (verdict.provenance.pipeline for verdict in (recorded, now))
    assert rerun.versions(*pipelines) == []


def test_file_with_other_bytes_is_passed_over(
    red: HeldFile, recorded: StoredVerdict, tmp_path: Path
) -> None:
    other = replace(red, path=str(write_still(tmp_path / "green.png", REAL)))
    gone = replace(red, path=str(tmp_path / "gone.png"))
    now = rerun.rerun(executor(), [gone, other, red], Passage(), recorded)
    assert now.label == "fake"
    with pytest.raises(ForensicsError, match="no current file has the bytes"):
        rerun.rerun(executor(), [gone, other], Passage(), recorded)


@pytest.mark.parametrize(
    ("other", "named"),
    [
        pytest.param(executor(replace(COLOUR, weights="cd" * 32)), "colour.weights: abab", id="w"),
        pytest.param(executor(frames=3), "sampling.frames: 20 then, 3 now", id="frames"),
        pytest.param(executor(policy="report"), "policy: triage then, report now", id="policy"),
        pytest.param(
            executor(replace(COLOUR, calibration=replace(CALIBRATION, fake_at=1.5))),
            "colour.calibration.fake_at: 1.0 then, 1.5 now",
            id="calibration",
        ),
        pytest.param(executor(replace(COLOUR, name="other")), "detectors.colour", id="detector"),
    ],
)
def test_another_pipeline_is_refused_and_named(
    red: HeldFile, recorded: StoredVerdict, other: InlineExecutor, named: str
) -> None:
    with pytest.raises(ForensicsError, match="not what the verdict was made with") as refused:
        rerun.rerun(other, [red], Passage(), recorded)
    assert named in str(refused.value)


def test_newer_code_is_told_and_not_refused(red: HeldFile, recorded: StoredVerdict) -> None:
    now = rerun.rerun(executor(replace(COLOUR, version="2.0")), [red], Passage(), recorded)
    pipelines = (verdict.provenance.pipeline for verdict in (recorded, now))
    assert rerun.versions(*pipelines) == ["detectors.colour.version: 1.0 then, 2.0 now"]


@pytest.mark.parametrize(
    ("drift", "moved", "same"),
    [
        pytest.param(None, 0.09, True, id="within-the-default"),
        pytest.param(None, 0.11, False, id="beyond-the-default"),
        pytest.param(0.3, 0.29, True, id="within-what-was-measured"),
        pytest.param(0.01, 0.02, False, id="beyond-what-was-measured"),
    ],
)
def test_ratio_may_move_by_the_drift(
    recorded: StoredVerdict, drift: float | None, moved: float, same: bool
) -> None:
    provenance, pipeline = recorded.provenance, recorded.provenance.pipeline
    calibration = replace(CALIBRATION, drift_log10=drift)
    detectors = (replace(pipeline.detectors[0], calibration=calibration),)
    provenance = replace(provenance, pipeline=replace(pipeline, detectors=detectors))
    recorded = replace(recorded, provenance=provenance)
    (finding,) = recorded.findings
    ratio, file_ratio = finding.log10_lr, recorded.log10_lr
    assert ratio is not None
    assert file_ratio is not None
    findings = (replace(finding, log10_lr=ratio - moved),)
    now = replace(recorded, log10_lr=file_ratio - moved, findings=findings)
    rows = rerun.compared(recorded, now)
    assert [row.same for row in rows] == [True, same, True, same]


def test_another_label_differs_whatever_the_ratio(recorded: StoredVerdict) -> None:
    rows = rerun.compared(recorded, replace(recorded, label=Label.INCONCLUSIVE))
    assert [row.what for row in rows if not row.same] == ["label"]


def test_recorded_parameters_replace_the_present_settings(recorded: StoredVerdict) -> None:
    provenance, pipeline = recorded.provenance, recorded.provenance.pipeline
    sampling = replace(pipeline.sampling, frames=7, from_s=1.5)
    provenance = replace(provenance, pipeline=replace(pipeline, sampling=sampling))
    recorded = replace(recorded, provenance=provenance)
    settings, passage, names = rerun.as_recorded(Settings(policy="report", workers=4), recorded)
    assert (settings.frames, settings.policy, settings.workers) == (7, "triage", 1)
    assert passage == Passage(1.5, None)
    assert names == ("colour",)
