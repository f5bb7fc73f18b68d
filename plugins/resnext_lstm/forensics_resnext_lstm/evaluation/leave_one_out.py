"""Each source of videos judged by what was fitted without it: what new material will meet.

A source is a data set or a method. Left out with it is everybody who is tied to a person in it. Its manipulated videos are
ranked against all genuine ones, each of these scored by what was fitted without its own source, under one threshold.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from forensics.analysis.fusion import label_of
from forensics.records import Calibration, ErrorRate, Label

from ..data import DataError
from ..metrics import auc
from .bootstrap import connected
from .calibrate import Validity
from .fit_videos import (
    Joint,
    cases_of,
    choices,
    clearing,
    decided,
    fit_joint,
    fit_one,
    ratios_by,
)
from .video_scores import VideoScores

SOURCES = ("dataset", "method")
WORTH = 0.005  # of AUC on sources left out; a detector that brings less gets no share
UNIT = "videos"


@dataclass(frozen=True)
class Fit:
    """What a set of videos yields: a calibration for each detector, and what they say together."""

    alone: Mapping[str, Calibration]
    joint: Joint | None


@dataclass(frozen=True)
class Judged:
    """A video as it is judged by what was fitted without its source: log10 ratios by detector, and of the verdict."""

    video: VideoScores
    source: str
    ratios: Mapping[str, float]
    ratio: float
    label: Label


@dataclass(frozen=True)
class Row:
    """One source: the outcomes of its genuine and its manipulated videos, and AUCs of the latter against all genuine ones."""

    source: str
    real: Counter[Label]
    fake: Counter[Label]
    areas: Mapping[str, float] = field(default_factory=dict)


def fit(
    videos: Sequence[VideoScores],
    stills: Mapping[str, Calibration | None],
    validity: Validity,
    voices: Sequence[str],
) -> Fit:
    """Fit every detector by itself, and those of `voices` together where there is more than one detector.

    A detector outside `voices` that does not tell the kinds apart is left out; raises DataError for one of `voices`.
    """
    alone = {}
    for name, still in stills.items():
        try:
            alone[name] = fit_one(videos, name, validity, still)
        except DataError:
            if name in voices:
                raise
    return Fit(alone, fit_joint(videos, alone, voices) if len(alone) > 1 else None)


def judge(video: VideoScores, source: str, by: Fit) -> Judged:
    """Judge a video as an analysis with these calibrations would."""
    ratios = {
        name: float(ratios_by([video], name, calibration)[0])
        for name, calibration in by.alone.items()
    }
    if by.joint is None:
        name, calibration = next(iter(by.alone.items()))
        ratio = ratios[name]
    else:
        calibration = by.joint.calibration
        ratio = by.joint.ratio(ratios)
    return Judged(
        video, source, ratios, ratio, label_of(ratio, calibration.fake_at, calibration.real_at)
    )


def leave_out(
    videos: Sequence[VideoScores],
    stills: Mapping[str, Calibration | None],
    validity: Validity,
    voices: Sequence[str],
    by: str,
) -> list[Judged]:
    """Judge each source by what was fitted without it and without anybody who is tied to its people.

    Raises DataError where without a source nothing can be fitted.
    """
    source_of = [source_name(video, by) for video in videos]
    group_of = connected([sorted(video.known.people) for video in videos])
    judged = []
    for source in sorted(set(source_of)):
        tied = {group for group, own in zip(group_of, source_of, strict=True) if own == source}
        rest = [v for v, group in zip(videos, group_of, strict=True) if group not in tied]
        try:
            fitted = fit(rest, stills, validity, voices)
        except DataError as error:
            raise DataError(f"without {source!r} nothing can be fitted: {error}") from error
        judged += [
            judge(v, source, fitted)
            for v, own in zip(videos, source_of, strict=True)
            if own == source
        ]
    return judged


def source_name(video: VideoScores, by: str) -> str:
    """Return the source of a video; genuine ones of a method's data set are of that data set."""
    known = video.known
    return (known.method if by == "method" and known.fake else known.dataset) or "unknown"


def chosen_voices(
    videos: Sequence[VideoScores],
    stills: Mapping[str, Calibration | None],
    validity: Validity,
    by: str,
) -> tuple[tuple[str, ...], dict[tuple[str, ...], float]]:
    """Return the detectors that get a share, and the AUC of every choice on sources that were left out.

    The smallest choice counts that is within `WORTH` of the best: whoever adds nothing has no share.
    """
    names = list(stills)
    areas = {}
    for voices in choices(names):
        try:
            areas[voices] = area(leave_out(videos, stills, validity, voices, by), "")
        except DataError as error:
            refused = error
    if not areas:
        raise refused
    best = max(areas.values())
    good = [voices for voices, value in areas.items() if value >= best - WORTH]
    least = min(len(voices) for voices in good)
    return max((v for v in good if len(v) == least), key=lambda v: areas[v]), areas


def area(judged: Sequence[Judged], name: str) -> float:
    """Return the AUC of the verdict's ratio, or of one detector's."""
    labels = np.array([one.video.known.fake for one in judged], bool)
    return auc(labels, np.array([ratio_of(one, name) for one in judged]))


def ratio_of(judged: Judged, name: str) -> float:
    """Return the log10 ratio of the verdict for no name, or of one detector; 0 where it could not be fitted."""
    return judged.ratios.get(name, 0.0) if name else judged.ratio


def table(judged: Sequence[Judged]) -> list[Row]:
    """Return a row for each source, and one for all."""
    names = list(dict.fromkeys(name for one in judged for name in one.ratios))
    genuine = [one for one in judged if not one.video.known.fake]
    rows = []
    for source in sorted({one.source for one in judged}):
        own = [one for one in judged if one.source == source]
        fakes = [one for one in own if one.video.known.fake]
        areas = {n: area([*genuine, *fakes], n) for n in ("", *names)} if fakes else {}
        rows.append(Row(source, outcomes(own, fake=False), outcomes(own, fake=True), areas))
    everything = {n: area(judged, n) for n in ("", *names)}
    rows.append(Row("all", outcomes(judged, fake=False), outcomes(judged, fake=True), everything))
    return rows


def outcomes(judged: Sequence[Judged], *, fake: bool) -> Counter[Label]:
    """Count the labels of genuine or of manipulated videos."""
    return Counter(one.label for one in judged if one.video.known.fake == fake)


def cautious(fitted: Fit, judged: Sequence[Judged]) -> Fit:
    """Return a fit that says `real` no more readily than holds on sources that were left out.

    What is set on the very files that it is fitted on is too bold where these are few. A threshold beyond the cap means that
    `real` is never said.
    """
    cases = cases_of([one.video for one in judged])
    real_at = clearing(np.array([one.ratio for one in judged]), cases)

    def held(calibration: Calibration) -> Calibration:
        return replace(calibration, real_at=min(calibration.real_at, real_at))

    if fitted.joint is not None:
        return replace(
            fitted, joint=replace(fitted.joint, calibration=held(fitted.joint.calibration))
        )
    return replace(fitted, alone={name: held(one) for name, one in fitted.alone.items()})


def relabelled(judged: Sequence[Judged], by: Fit) -> list[Judged]:
    """Return videos of which `real` is said only where a fit does so, by the ratios that they had with their source left out."""
    at = by.joint.calibration if by.joint else next(iter(by.alone.values()))
    return [
        replace(one, label=Label.INCONCLUSIVE)
        if one.label is Label.REAL and one.ratio > at.real_at
        else one
        for one in judged
    ]


def counted(judged: Sequence[Judged], data: str, date: str) -> tuple[ErrorRate, ErrorRate]:
    """Return how often genuine videos were flagged and manipulated ones called real; `date` is ISO."""

    def rate(fake: bool, wrong: Label) -> ErrorRate:
        found = outcomes(judged, fake=fake)
        return ErrorRate(
            found.total(), found[wrong], data, date, UNIT, undecided=found[Label.INCONCLUSIVE]
        )

    return rate(False, Label.FAKE), rate(True, Label.REAL)


def usable(
    videos: Sequence[VideoScores], names: Sequence[str], validity: Validity
) -> list[VideoScores]:
    """Return the videos that can be fitted on; raises DataError unless there are both kinds."""
    kept = decided(videos, names, validity)
    cases_of(kept)
    return kept
