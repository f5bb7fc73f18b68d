"""What several detectors say together: by the program's own rule, so that a file's verdict has an error rate too."""

from collections.abc import Mapping, Sequence

from forensics.analysis import fusion
from forensics.errors import UsageError
from forensics.records import (
    Calibration,
    Coverage,
    ErrorRate,
    Evidence,
    Finding,
    Label,
    MediaKind,
    Outcome,
    Policy,
    Together,
    TrackScore,
)
from forensics.weights import WeightsEntry

from ..metrics import LN10
from .calibrate import UNIT
from .cases import CROPS, FAILED, Trial, verdicts_of

WHOLE = Coverage(None, 1, 1, 1, 1, None, 0)  # of a crop, which is all there is
Calibrations = Mapping[str, Calibration | None]


def together(of: Mapping[str, Sequence[Trial]], calibrations: Calibrations) -> list[Trial]:
    """Return the trials of the fused verdict on crops, from each detector's trials of the same crops in one order."""
    rows = zip(*of.values(), strict=True)
    return [joint(dict(zip(of, row, strict=True)), calibrations) for row in rows]


def joint(of: Mapping[str, Trial], calibrations: Calibrations) -> Trial:
    """Return the trial of the fused verdict on one crop."""
    findings = [finding_of(name, trial) for name, trial in of.items()]
    decision = fusion.fuse(findings, calibrations, MediaKind.STILL, WHOLE)
    return fused(of, calibrations, decision.label, decision.log10_lr)


def finding_of(name: str, trial: Trial) -> Finding:
    """Return the finding that a trial is of, with as many tracks as faces were judged."""
    score, ratio = trial.score or 0.0, trial.log10_lr
    tracks = tuple(TrackScore(n, 0, 0, 1, 0, score, ratio) for n in range(trial.faces))
    evidence = Evidence(tracks=tracks)
    return Finding(name, "", None, Outcome.SCORED, trial.score, log10_lr=ratio, evidence=evidence)


def fused(
    of: Mapping[str, Trial], calibrations: Calibrations, label: Label, log10_lr: float | None
) -> Trial:
    """Return the trial of a verdict: its score is its ratio; mean pooling and one frame are each detector's, fused."""
    first = next(iter(of.values()))
    return Trial(
        first.known,
        label.value,
        log10_lr,
        mean=mean_ratio({name: trial.mean for name, trial in of.items()}, calibrations),
        single=mean_ratio({name: trial.single for name, trial in of.items()}, calibrations),
        log10_lr=log10_lr,
        face_px=first.face_px,
        error="; ".join(sorted({trial.error for trial in of.values()} - {""})),
    )


def mean_ratio(scores: Mapping[str, float | None], calibrations: Calibrations) -> float | None:
    """Return the mean of what the calibrations make of the scores that there are; None without any."""
    known = [
        fusion.log10_lr(score, used)
        for name, score in scores.items()
        if score is not None and (used := calibrations.get(name)) is not None
    ]
    return fusion.mean(known) if known else None


def calibration_of(entries: Sequence[WeightsEntry]) -> Calibration:
    """Return what stands for the calibrations of all: a score that is a log10 ratio, and the means of their thresholds.

    Raises UsageError for an entry without a calibration: it does not vote.
    """
    used = [entry.calibration for entry in entries if entry.calibration is not None]
    if len(used) < len(entries):
        silent = next(entry.name for entry in entries if entry.calibration is None)
        raise UsageError(
            f"{silent!r} has no calibration, so it has no part in a verdict; leave it out"
        )
    return Calibration(
        slope=LN10,
        intercept=0.0,
        cap_log10=fusion.mean([one.cap_log10 for one in used]),
        fake_at=fusion.mean([one.fake_at for one in used]),
        real_at=fusion.mean([one.real_at for one in used]),
        min_face_px=max(one.min_face_px for one in used),
        min_frames=max(one.min_frames for one in used),
        kinds=used[0].kinds,
    )


def check_kept(entries: Sequence[WeightsEntry], unit: str, policy: str) -> None:
    """Raise UsageError unless the errors of the entries' verdict can be kept: of crops, in one manifest, under triage."""
    if len(places := {entry.manifest for entry in entries}) > 1:
        raise UsageError(f"--write: the entries stand in {len(places)} manifests")
    if policy != Policy.TRIAGE:
        raise UsageError("--write: the errors of several are kept for the policy triage")
    if unit != CROPS:
        raise UsageError(
            f"--write: the errors of several are kept for single crops, not for {unit}"
        )


def errors_together(
    entries: Sequence[WeightsEntry], trials: Sequence[Trial], data: str, date: str
) -> Together:
    """Return the errors of the entries' verdict on trials of single crops; `date` is ISO."""
    found = verdicts_of(trials)

    def rate(truth: str, wrong: Label) -> ErrorRate:
        files = sum(found[truth].values()) - found[truth][FAILED]
        return ErrorRate(files, found[truth][wrong.value], data, date, UNIT)

    return Together(
        of=tuple(entry.name for entry in entries),
        weights=tuple(entry.sha256 for entry in entries),
        flagged_real=rate("real", Label.FAKE),
        missed_fake=rate("fake", Label.REAL),
        kinds=(MediaKind.STILL,),
    )
