"""Calibrate, fuse, decide, give the reason. Pure arithmetic on records; nothing here reads a file or a clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log10, sqrt

from ..records import (
    Calibration,
    Coverage,
    Finding,
    Label,
    MediaKind,
    Outcome,
    Policy,
    Reason,
    StoredFinding,
    Thresholds,
    Together,
    TrackScore,
)

FUSION_RULE = "fitted-log10-lr/3"
LN10 = 2.302585092994046
MIN_DECODED_SHARE = 0.8
LEAST_FRAMES = 3  # of a video in which a face must be seen to be examined at all


@dataclass(frozen=True)
class Decision:
    """The answer, before it is joined with what it rests on."""

    label: Label
    reason: Reason | None = None
    fake: float | None = None
    log10_lr: float | None = None


def under(calibration: Calibration | None, policy: Policy) -> Calibration | None:
    """Return a calibration with the thresholds and error rates of a policy; None where they are not established.

    A policy that holds for videos alone, or for stills alone, leaves the others out of `kinds`.
    """
    if calibration is None or policy is Policy.TRIAGE:
        return calibration
    if calibration.videos is not None:
        return under_for_each(calibration, calibration.videos, policy)
    report = calibration.report
    if report is None:
        return None
    return replace(
        calibration,
        fake_at=report.fake_at,
        real_at=report.real_at,
        flagged_real=report.flagged_real,
        missed_fake=report.missed_fake,
        crowds=tuple(replace(crowd, at=crowd.report) for crowd in calibration.crowds),
    )


def under_for_each(stills: Calibration, videos: Calibration, policy: Policy) -> Calibration | None:
    """Return what `under` does for a calibration that has one of its own for videos."""
    still, video = under(replace(stills, videos=None), policy), under(videos, policy)
    if still is None:
        return video
    kinds = tuple(kind for kind in still.kinds if kind is not MediaKind.VIDEO)
    return replace(still, videos=video) if video else replace(still, kinds=kinds, videos=None)


def bounds(calibration: Calibration, faces: int) -> Thresholds | None:
    """Return the thresholds for a file in which so many faces were judged; None where there are none for so many.

    A calibration without any for several faces has one pair for all numbers.
    """
    if faces < 2 or not calibration.crowds:
        c = calibration
        return Thresholds(c.fake_at, c.real_at, c.flagged_real, c.missed_fake)
    return next((crowd.at for crowd in calibration.crowds if crowd.faces >= faces), None)


def faces_judged(finding: Finding | StoredFinding) -> int:
    """Return how many of a finding's tracks have a ratio."""
    return sum(track.log10_lr is not None for track in finding.evidence.tracks)


def log10_lr(score: float, calibration: Calibration) -> float:
    """Return the base-10 log likelihood ratio of a raw score, capped on either side."""
    raw = (calibration.slope * score + calibration.intercept) / LN10
    return max(-calibration.cap_log10, min(calibration.cap_log10, raw))


def at_equal_priors(log10_ratio: float) -> float:
    """Return LR / (1 + LR): the ratio from 0 to 1."""
    return 1 / (1 + 10**-log10_ratio)


def file_ratio(ratios: Sequence[float]) -> float:
    """Return the log10 ratio for "one of these faces is manipulated" from those of the single faces.

    With no knowledge of which one it would be, the likelihood is the mean over the faces, so the ratio is too:
    more faces make no false alarm more likely than one does.
    """
    return log10(sum(10**ratio for ratio in ratios) / len(ratios))


def label_of(ratio: float, fake_at: float, real_at: float) -> Label:
    """Return the label of a log10 ratio between two thresholds."""
    if ratio >= fake_at:
        return Label.FAKE
    return Label.REAL if ratio <= real_at else Label.INCONCLUSIVE


def is_validated(track: TrackScore, calibration: Calibration, kind: MediaKind) -> bool:
    """Say whether the calibration was fitted for such media, and faces as large and as long in sight as this one."""
    calibration = calibration.of(kind)
    if kind not in calibration.kinds:
        return False
    frames = calibration.min_frames if kind is MediaKind.VIDEO else 1
    return track.frames >= frames and track.median_face_px >= calibration.min_face_px


def calibrate_track(
    track: TrackScore, calibration: Calibration | None, kind: MediaKind
) -> TrackScore:
    """Give a track its ratio and label; one outside what was validated is inconclusive and has no ratio."""
    if calibration is None or not is_validated(track, calibration, kind):
        return replace(track, label=Label.INCONCLUSIVE)
    calibration = calibration.of(kind)
    ratio = log10_lr(track.score, calibration)
    label = label_of(ratio, calibration.fake_at, calibration.real_at)
    return replace(track, log10_lr=ratio, label=label)


def calibrate(finding: Finding, calibration: Calibration | None, kind: MediaKind) -> Finding:
    """Label a finding's tracks, and fill its `log10_lr` and `fake`; these stay None where nothing validated was scored."""
    score = finding.score if finding.outcome is Outcome.SCORED else None
    if score is None:
        return finding
    calibration = calibration.of(kind) if calibration is not None else None
    tracks = tuple(calibrate_track(t, calibration, kind) for t in finding.evidence.tracks)
    finding = replace(finding, evidence=replace(finding.evidence, tracks=tracks))
    ratios = [track.log10_lr for track in tracks if track.log10_lr is not None]
    if calibration is None or kind not in calibration.kinds or (tracks and not ratios):
        return finding
    ratio = file_ratio(ratios) if tracks else log10_lr(score, calibration)
    return replace(finding, log10_lr=ratio, fake=at_equal_priors(ratio))


def fuse(
    findings: Sequence[Finding],
    calibrations: Mapping[str, Calibration | None],
    kind: MediaKind,
    coverage: Coverage,
    together: Sequence[Together] = (),
) -> Decision:
    """Turn calibrated findings into one decision.

    Only calibrated scores vote. Where it was fitted what just these detectors say together about such media, that decides.
    Otherwise the file's ratio is the mean of the voters' log ratios, held against the mean of their thresholds for as many
    faces: detectors that look at the same faces are not independent, so their ratios are not multiplied.
    """
    voters = [finding for finding in findings if finding.log10_lr is not None]
    if not voters:
        return undecided(findings, calibrations, kind, coverage)
    joint = fitted_for(voters, together, kind)
    ratio = joint_ratio(voters, joint) if joint else mean(ratios_of(voters))
    fake = at_equal_priors(ratio)
    if is_truncated(coverage):
        return Decision(Label.INCONCLUSIVE, Reason.TRUNCATED, fake, ratio)
    known = [at for _, at in held_against(voters, calibrations, together, kind)]
    used = [at for at in known if at is not None]
    if len(used) < len(known):
        return Decision(Label.INCONCLUSIVE, Reason.OUTSIDE_VALIDATION, fake, ratio)
    if joint is None and is_contradictory(ratios_of(voters), used):
        return Decision(Label.INCONCLUSIVE, Reason.DETECTORS_DISAGREE, fake, ratio)
    label = label_of(ratio, mean([at.fake_at for at in used]), mean([at.real_at for at in used]))
    reason = Reason.NEAR_THRESHOLD if label is Label.INCONCLUSIVE else None
    return Decision(label, reason, fake, ratio)


def held_against(
    voters: Sequence[Finding | StoredFinding],
    calibrations: Mapping[str, Calibration | None],
    together: Sequence[Together],
    kind: MediaKind,
) -> list[tuple[Calibration, Thresholds | None]]:
    """Return the calibrations that decide, with their thresholds for as many faces as were judged.

    That is the one of all voters together where there is one, or else each voter's.
    """
    joint = fitted_for(voters, together, kind)
    if joint is not None and joint.calibration is not None:
        faces = max(faces_judged(finding) for finding in voters)
        return [(joint.calibration, bounds(joint.calibration, faces))]
    known = [(c.of(kind), f) for f in voters if (c := calibrations.get(f.detector)) is not None]
    return [(c, bounds(c, faces_judged(f))) for c, f in known]


def ratios_of(voters: Sequence[Finding]) -> list[float]:
    """Return the log10 ratios of findings that have one."""
    return [finding.log10_lr for finding in voters if finding.log10_lr is not None]


def fitted_for(
    voters: Sequence[Finding | StoredFinding], together: Sequence[Together], kind: MediaKind
) -> Together | None:
    """Return what was fitted for just these detectors and such media; None where nothing was."""
    names = {finding.detector for finding in voters}
    return next(
        (t for t in together if t.calibration and set(t.of) == names and kind in t.kinds), None
    )


def joint_ratio(voters: Sequence[Finding], joint: Together) -> float:
    """Return the log10 ratio that was fitted on the ratios of these detectors."""
    if joint.calibration is None:
        return mean(ratios_of(voters))
    ratios = {f.detector: f.log10_lr for f in voters if f.log10_lr is not None}
    score = sum(share * ratios[name] for name, share in zip(joint.of, joint.shares, strict=True))
    return log10_lr(score, joint.calibration)


def is_contradictory(ratios: Sequence[float], used: Sequence[Thresholds]) -> bool:
    """Say whether one ratio alone would be called fake and another one real."""
    votes = {label_of(r, at.fake_at, at.real_at) for r, at in zip(ratios, used, strict=True)}
    return {Label.FAKE, Label.REAL} <= votes


def undecided(
    findings: Sequence[Finding],
    calibrations: Mapping[str, Calibration | None],
    kind: MediaKind,
    coverage: Coverage,
) -> Decision:
    """Say why no detector voted."""
    scored = [finding for finding in findings if finding.outcome is Outcome.SCORED]
    if not scored:
        looked = any(f.outcome is Outcome.NOTHING_TO_EXAMINE for f in findings)
        nothing = Reason.NO_FACE if looked else Reason.NO_DETECTOR
        return Decision(Label.NOT_ASSESSED, nothing)
    known = [c.of(kind) for f in scored if (c := calibrations.get(f.detector)) is not None]
    if not known:
        return Decision(Label.INCONCLUSIVE, Reason.UNCALIBRATED)
    if not any(kind in calibration.kinds for calibration in known):
        return Decision(Label.INCONCLUSIVE, Reason.OUTSIDE_VALIDATION)
    if is_truncated(coverage):
        return Decision(Label.INCONCLUSIVE, Reason.TRUNCATED)
    least = LEAST_FRAMES if kind is MediaKind.VIDEO else 1
    longest = max((track.frames for f in scored for track in f.evidence.tracks), default=least)
    if longest < least:
        return Decision(Label.NOT_ASSESSED, Reason.TOO_FEW_FRAMES)
    return Decision(Label.INCONCLUSIVE, Reason.LOW_QUALITY)


def is_truncated(coverage: Coverage) -> bool:
    """Say whether so much of the file could not be decoded that its rest decides nothing."""
    few = coverage.frames_decoded < MIN_DECODED_SHARE * coverage.frames_asked
    return few and coverage.decode_errors > 0


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean."""
    return sum(values) / len(values)


def wilson_interval(wrong: int, files: int) -> tuple[float, float]:
    """Return the 95 % interval of a rate from counts (Wilson, J. Am. Stat. Assoc. 22, 1927)."""
    z = 1.959964
    rate, width = wrong / files, z * z / files
    centre = (rate + width / 2) / (1 + width)
    half = z * sqrt(rate * (1 - rate) / files + width / (4 * files)) / (1 + width)
    return max(centre - half, 0.0), min(centre + half, 1.0)
