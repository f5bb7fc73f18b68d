"""Score videos with known truth as they are served: the program's own analysis of each file, with one detector."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from forensics import verdict
from forensics.analysis import Equipment, analyse
from forensics.events import Done, Failed, Task
from forensics.faces import FaceFinder
from forensics.records import Coverage, Finding, MediaKind, TrackScore, Verdict
from forensics.settings import Settings

from ..detector import SequenceDetector
from .together import fused
from .trials import FAILED, Known, Progress, Trial, pooled

ALL = "all detectors"


def equipment_of(detectors: Sequence[SequenceDetector], settings: Settings) -> Equipment:
    """Return what an analysis works with; raises WeightsError when the weights are not what the manifest says."""
    for detector in detectors:
        _ = (
            detector.model
        )  # read now: in an analysis wrong weights would be a failure of every file
    return Equipment(settings, tuple(detectors), FaceFinder(detectors[0].place.device.type), {})


def clip_trials(
    equipment: Equipment, known: Sequence[Known], folder: Path, tell: Progress
) -> dict[str, list[Trial]]:
    """Analyse videos one by one; returns for each detector a trial of every video, those that fail included.

    Under ALL it has those of their verdict.
    """
    names = [ALL, *(detector.name for detector in equipment.detectors)]
    found: dict[str, list[Trial]] = {name: [] for name in names}
    for i, one in enumerate(known):
        tell(i, len(known), one.file)
        for name, trial in analysed(folder / one.file, one, equipment).items():
            found[name].append(trial)
    tell(len(known), len(known), "")
    return found


def analysed(path: Path, known: Known, equipment: Equipment) -> dict[str, Trial]:
    """Return each detector's trial of one video, and that of their verdict."""
    detectors = {detector.name: detector for detector in equipment.detectors}
    last = None
    for event in analyse(Task(0, os.fspath(path)), equipment):
        last = event
    if isinstance(last, Done):
        findings = {finding.detector: finding for finding in last.verdict.findings}
        trials = {
            name: trial_of(known, last.verdict, findings[name], detector)
            for name, detector in detectors.items()
            if isinstance(detector, SequenceDetector)
        }
        said = last.verdict
        return {ALL: fused(trials, equipment.calibrations, said.label, said.log10_lr), **trials}
    failure = last.failure if isinstance(last, Failed) else None
    error = f"{failure.code}: {failure.message}" if failure else "no verdict"
    return {name: Trial(known, FAILED, error=error) for name in (ALL, *detectors)}


def trial_of(known: Known, of: Verdict, finding: Finding, detector: SequenceDetector) -> Trial:
    """Return a trial from one detector's finding, with the verdict that it alone would give."""
    coverage = cast(Coverage, of.coverage)  # a verdict of `analyse` has one
    calibrations = {detector.name: detector.calibration}
    decision = verdict.fuse([finding], calibrations, of.media.kind, coverage)
    tracks = deciding(finding, detector, of.media.kind)
    trial = Trial(known, decision.label.value, finding.score, log10_lr=decision.log10_lr)
    if finding.score is None or not tracks:
        return replace(trial, error=finding.message)
    mean, single = pooled([list(scores_of(finding, track.id)) for track in tracks])
    best = max(tracks, key=lambda track: track.score)
    return replace(trial, mean=mean, single=single, face_px=best.median_face_px)


def deciding(finding: Finding, detector: SequenceDetector, kind: MediaKind) -> Sequence[TrackScore]:
    """Return the tracks that the file's score comes from, as the detector chooses them."""
    tracks = finding.evidence.tracks
    return [track for track in tracks if detector.decides(track, kind)] or tracks


def scores_of(finding: Finding, track: int) -> Iterator[float]:
    """Yield the frame scores of one track, oldest first."""
    return (frame.score for frame in finding.evidence.frames if frame.track == track)
