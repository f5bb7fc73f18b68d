"""One file to one verdict; what a detector gives back is contained."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from forensics.analysis.analyse import Equipment, analyse
from forensics.analysis.messages import Done, Event, Failed, Hashed, Task
from forensics.errors import ErrorCode
from forensics.records import Finding, Label, Outcome, Passage, Sample
from forensics.settings import Settings

from .. import builders
from ..distributions import write_still
from ..distributions.colour.forensics_colour import FAKE, ColourDetector

STEADY = ColourDetector("steady", steady=True)
EQUIPMENT = Equipment(Settings(), (STEADY,), None, {"torch": "1"})


@dataclass(frozen=True)
class Odd(ColourDetector):
    """Gives back whatever it is told to."""

    gives: object = None

    def examine(self, sample: Sample) -> Finding:
        return self.gives  # type: ignore[return-value]  # that is the point


def odd(gives: object) -> Odd:
    return Odd("odd", steady=True, gives=gives)


def run(task: Task, equipment: Equipment = EQUIPMENT) -> Event:
    *_, last = analyse(task, equipment)
    return last


def task_for(path: Path) -> Task:
    now = path.stat()
    return Task(1, str(path), now.st_size, now.st_mtime_ns, now.st_ino)


GOOD = builders.finding(name="odd", version="1.0", score=1.5)


@pytest.mark.parametrize(
    ("gives", "why"),
    [
        pytest.param(None, "gave NoneType, not a Finding", id="nothing"),
        pytest.param(0.9, "gave float, not a Finding", id="a-number"),
        pytest.param(replace(GOOD, score=math.nan), "not a finite number", id="not-a-number"),
        pytest.param(replace(GOOD, score=math.inf), "not a finite number", id="infinity"),
    ],
)
def test_improper_finding_is_an_error_of_its_detector_alone(
    tmp_path: Path, gives: object, why: str
) -> None:
    equipment = replace(EQUIPMENT, detectors=(odd(gives), STEADY))
    done = run(task_for(write_still(tmp_path / "a.png", FAKE)), equipment)
    assert isinstance(done, Done)
    wrong, right = done.verdict.findings
    assert (wrong.outcome, right.outcome) == (Outcome.ERROR, Outcome.SCORED)
    assert why in wrong.message
    assert done.verdict.label is Label.FAKE


def test_file_that_every_detector_failed_on_has_no_verdict(tmp_path: Path) -> None:
    hung = Finding("steady", "1.0", None, Outcome.DEADLINE, message="took too long")
    task = replace(task_for(write_still(tmp_path / "a.png", FAKE)), without=(hung,))
    failed = run(task, replace(EQUIPMENT, detectors=(odd(None), STEADY)))
    assert isinstance(failed, Failed)
    assert failed.failure.code is ErrorCode.INTERNAL
    assert "steady: took too long" in failed.failure.message


def test_detector_cannot_calibrate_itself_nor_speak_for_another(tmp_path: Path) -> None:
    boasts = replace(GOOD, detector="steady", score=-0.2, log10_lr=9.0, fake=1.0)
    equipment = replace(EQUIPMENT, detectors=(replace(odd(boasts), calibration=None), STEADY))
    done = run(task_for(write_still(tmp_path / "a.png", FAKE)), equipment)
    assert isinstance(done, Done)
    assert [(f.detector, f.log10_lr) for f in done.verdict.findings] == [
        ("odd", None),
        ("steady", 2.0),
    ]


def test_file_rewritten_after_it_was_listed_is_not_taken_for_it(tmp_path: Path) -> None:
    path = write_still(tmp_path / "a.png", FAKE)
    task = task_for(path)
    write_still(path, FAKE, side=80)
    failed = run(task)
    assert isinstance(failed, Failed)
    assert failed.failure.code is ErrorCode.CHANGED


def test_content_that_has_its_verdict_is_not_examined(tmp_path: Path) -> None:
    work = analyse(task_for(write_still(tmp_path / "a.png", FAKE)), EQUIPMENT)
    assert isinstance(next(work), Hashed)
    with pytest.raises(StopIteration):
        work.send(False)


def test_verdict_records_what_a_rerun_needs(tmp_path: Path) -> None:
    done = run(replace(task_for(write_still(tmp_path / "a.png", FAKE)), passage=Passage(0.0, 1.0)))
    assert isinstance(done, Done)
    record = done.verdict.provenance
    assert record["sampled_s"] == [0.0]
    assert record["versions"] == {"torch": "1"}
    assert record["pipeline"]["sampling"]["to_s"] == 1.0
    assert record["pipeline"]["detectors"][0]["calibration"]["fake_at"] == 1.0


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(Settings(reproducible=True), id="reproducible"),
        pytest.param(Settings(sampling="first"), id="first-frames"),
    ],
)
def test_run_with_other_numbers_or_frames_is_a_pipeline_of_its_own(settings: Settings) -> None:
    other = replace(EQUIPMENT, settings=settings)
    assert other.pipeline(Passage()) != EQUIPMENT.pipeline(Passage())


def test_descriptors_are_closed_after_each_file(tmp_path: Path) -> None:
    path = write_still(tmp_path / "a.png", FAKE)
    before = len(list(Path("/proc/self/fd").iterdir()))
    run(task_for(path))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
