"""Score videos with known truth as they are served: the program's own analysis of each file, with one detector or several."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from forensics.analysis import Done, Failed, Task, fusion
from forensics.analysis.analyse import Equipment, analyse
from forensics.faces import FaceFinder
from forensics.records import Coverage, Finding, MediaKind, TrackScore, Verdict
from forensics.settings import Settings

from ..detector import SequenceDetector
from .cases import FAILED, Known, Progress, Trial, pooled
from .joint_errors import fused

Voices = Mapping[str, Sequence[SequenceDetector]]
"""By a name, the detectors whose verdict is measured under it."""


def equipment_of(voices: Voices, settings: Settings) -> Equipment:
    """Return what an analysis works with; raises WeightsError when the weights are not what the manifest says."""
    detectors = tuple(one for several in voices.values() for one in several)
    for detector in detectors:
        _ = (
            detector.model
        )  # read now: in an analysis wrong weights would be a failure of every file
    return Equipment(settings, detectors, FaceFinder(detectors[0].place.device.type), {})


def clip_trials(
    equipment: Equipment, voices: Voices, known: Sequence[Known], folder: Path, tell: Progress
) -> dict[str, list[Trial]]:
    """Analyse videos one by one; returns under each name a trial of every video, those that fail included."""
    found: dict[str, list[Trial]] = {name: [] for name in voices}
    for i, one in enumerate(known):
        tell(i, len(known), one.file)
        for name, trial in analysed(folder / one.file, one, equipment, voices).items():
            found[name].append(trial)
    tell(len(known), len(known), "")
    return found


def analysed(path: Path, known: Known, equipment: Equipment, voices: Voices) -> dict[str, Trial]:
    """Return the trials of one video, one under each name."""
    verdict = verdict_on(path, equipment)
    if isinstance(verdict, str):
        return dict.fromkeys(voices, Trial(known, FAILED, error=verdict))
    return {name: verdict_of(known, verdict, several) for name, several in voices.items()}


def verdict_on(path: Path, equipment: Equipment) -> Verdict | str:
    """Return the verdict on a file, or why there is none."""
    last = None
    for event in analyse(Task(0, os.fspath(path)), equipment):
        last = event
    if isinstance(last, Done):
        return last.verdict
    failure = last.failure if isinstance(last, Failed) else None
    return f"{failure.code}: {failure.message}" if failure else "no verdict"


def findings_of(path: Path, equipment: Equipment) -> dict[str, tuple[TrackScore, ...]] | str:
    """Return the face tracks that each detector scored in a file, or why it could not be analysed."""
    verdict = verdict_on(path, equipment)
    if isinstance(verdict, str):
        return verdict
    return {finding.detector: finding.evidence.tracks for finding in verdict.findings}


def verdict_of(known: Known, of: Verdict, detectors: Sequence[SequenceDetector]) -> Trial:
    """Return the trial of what some of an analysis's detectors say together, or of the only one."""
    by_name = {finding.detector: finding for finding in of.findings}
    findings = [by_name[detector.name] for detector in detectors]
    trials = {
        detector.name: trial_of(known, of, finding, detector)
        for detector, finding in zip(detectors, findings, strict=True)
    }
    if len(detectors) == 1:
        return trials[detectors[0].name]
    calibrations = {detector.name: detector.calibration for detector in detectors}
    coverage = cast(Coverage, of.coverage)  # a verdict of `analyse` has one
    decision = fusion.fuse(findings, calibrations, of.media.kind, coverage)
    return fused(trials, calibrations, decision.label, decision.log10_lr)


def trial_of(known: Known, of: Verdict, finding: Finding, detector: SequenceDetector) -> Trial:
    """Return a trial from one detector's finding, with the verdict that it alone would give."""
    coverage = cast(Coverage, of.coverage)  # a verdict of `analyse` has one
    calibrations = {detector.name: detector.calibration}
    decision = fusion.fuse([finding], calibrations, of.media.kind, coverage)
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
