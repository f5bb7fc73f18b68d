"""Turn scores of videos into evidence: each detector's own, and what they say together.

Videos with known truth are few and of many sources, so all that is fitted here is fitted with as few numbers as will do:
two for a detector, one share for each of several. Files are weighted so that neither a method nor a person with many of
them decides. Errors are counted source by source, each with thresholds that were fitted without it (`leave_one_out`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import sqrt

import numpy as np

from forensics.analysis.fusion import file_ratio, log10_lr
from forensics.records import Calibration, MediaKind
from forensics.weights.calibration import LEAST_FAKE_AT, MOST_REAL_AT

from ..data import DataError
from ..metrics import LN10, Labels, Scores
from .calibrate import Validity, supported
from .video_scores import Face, VideoScores

FLAGGED_AT_MOST = 0.05  # of genuine videos, by the point estimate
CLEARED_AT_MOST = 0.05  # of manipulated ones, all methods alike
CLEARED_OF_METHOD = 0.10  # of those of one method, where there are enough to say so
ENOUGH = 5  # files of a method
CLEARANCE = 1e-6  # log10; a threshold does not rest on the last digit of one file
PRIOR = 3.0  # inverse strength of the regularisation, for standardised scores and weights that add up to the number of files


@dataclass(frozen=True)
class Cases:
    """N videos that were scored well enough: labels (N,), true for fake, methods, people, and weights (N,)."""

    labels: Labels
    methods: tuple[str, ...]
    people: tuple[str, ...]
    weights: Scores


def able(faces: Sequence[Face], validity: Validity) -> tuple[Face, ...]:
    """Return the faces that are large enough and long enough in sight to decide."""
    return tuple(
        face
        for face in faces
        if face.frames >= validity.min_frames and face.face_px >= validity.min_face_px
    )


def decided(
    videos: Sequence[VideoScores], names: Sequence[str], validity: Validity
) -> list[VideoScores]:
    """Return the videos in which each detector scored a face well enough, with those faces alone."""
    kept = [
        replace(video, faces={name: able(video.faces.get(name, ()), validity) for name in names})
        for video in videos
    ]
    return [video for video in kept if all(video.faces.values())]


def cases_of(videos: Sequence[VideoScores]) -> Cases:
    """Return what videos are; raises DataError unless there are genuine and manipulated ones."""
    labels = np.array([video.known.fake for video in videos], bool)
    if not len(labels) or labels.all() or not labels.any():
        raise DataError(
            f"of {len(labels)} scored videos {labels.sum()} are manipulated: both kinds are needed"
        )
    methods = tuple(video.known.method or video.known.dataset for video in videos)
    people = tuple(video.known.identity or video.known.file for video in videos)
    return Cases(labels, methods, people, weights_of(labels, methods, people))


def weights_of(labels: Labels, methods: Sequence[str], people: Sequence[str]) -> Scores:
    """Return (N,) weights: both labels alike; in one, a method by the square root of its people; in that, all people alike."""
    rows = list(zip(labels.tolist(), methods, people, strict=True))
    files = Counter(rows)
    persons = Counter((fake, method) for fake, method, _ in files)
    raw = np.array(
        [
            1 / sqrt(persons[fake, method]) / files[fake, method, person]
            for fake, method, person in rows
        ]
    )
    for kind in (labels, ~labels):
        raw[kind] *= len(labels) / 2 / raw[kind].sum()
    return raw


def fit_one(
    videos: Sequence[VideoScores], name: str, validity: Validity, stills: Calibration | None
) -> Calibration:
    """Return a detector's calibration for videos; `stills` is the one for stills, whose drift between number types holds too.

    Raises DataError when fakes do not score higher than genuine videos.
    """
    cases = cases_of(videos)
    highest = np.array([max(face.score for face in video.faces[name]) for video in videos])
    slope, intercept = regression(highest[:, None], cases)
    if slope[0] <= 0:
        raise DataError(f"{name}: manipulated videos do not score higher than genuine ones")
    drift = stills.drift_log10 * slope[0] / stills.slope if stills and stills.drift_log10 else None
    loose = Calibration(
        slope=float(slope[0]),
        intercept=intercept,
        cap_log10=np.inf,
        fake_at=LEAST_FAKE_AT,
        real_at=MOST_REAL_AT,
        min_face_px=validity.min_face_px,
        min_frames=validity.min_frames,
        kinds=(MediaKind.VIDEO,),
        drift_log10=drift,
    )
    return with_thresholds(loose, ratios_by(videos, name, loose), cases)


def ratios_by(videos: Sequence[VideoScores], name: str, calibration: Calibration) -> Scores:
    """Return the log10 ratio of each video by one detector, (N,), through the rule that serves."""
    return np.array(
        [
            file_ratio([log10_lr(f.score, calibration) for f in video.faces[name]])
            for video in videos
        ]
    )


def with_thresholds(calibration: Calibration, ratios: Scores, cases: Cases) -> Calibration:
    """Return a calibration with the cap and the thresholds that (N,) uncapped ratios support."""
    real, fake = ratios[~cases.labels], ratios[cases.labels]
    fake_at = max(flagging(real), LEAST_FAKE_AT)
    drift = calibration.drift_log10 or 0.0
    real_at = min(clearing(ratios, cases), MOST_REAL_AT, fake_at - 2 * drift)
    cap = max(supported(real, fake), fake_at)
    return replace(calibration, cap_log10=cap, fake_at=fake_at, real_at=real_at)


def flagging(real: Scores) -> float:
    """Return the ratio from which up at most 5 % of the genuine videos lie, half way to the next one."""
    ordered = np.sort(real)[::-1]
    flagged = int(FLAGGED_AT_MOST * len(ordered))
    if not flagged:
        return float(ordered[0] + CLEARANCE)
    return float((ordered[flagged - 1] + ordered[flagged]) / 2)


def clearing(ratios: Scores, cases: Cases) -> float:
    """Return the ratio from which down at most 5 % of the manipulated videos lie, and 10 % of any method with enough."""
    by_method = {
        method: ratios[cases.labels & np.array([own == method for own in cases.methods])]
        for method in {m for m, fake in zip(cases.methods, cases.labels, strict=True) if fake}
    }
    limits = [lowest(ratios[cases.labels], CLEARED_AT_MOST)]
    limits += [lowest(r, CLEARED_OF_METHOD) for r in by_method.values() if len(r) >= ENOUGH]
    return min(limits)


def lowest(fake: Scores, share: float) -> float:
    """Return the ratio from which down at most a share of these lie."""
    ordered = np.sort(fake)
    cleared = int(share * len(ordered))
    if not cleared:
        return float(ordered[0] - CLEARANCE)
    return float((ordered[cleared - 1] + ordered[cleared]) / 2)


def regression(scores: Scores, cases: Cases) -> tuple[Scores, float]:
    """Return slopes (D,), none negative, and intercept of the natural log likelihood ratio of (N, D) scores.

    Regularised logistic regression on standardised scores, at equal weight of both labels, so that the prior is out.
    """
    from scipy.optimize import minimize

    centre, spread = scores.mean(0), scores.std(0) + 1e-9
    x, sign = (scores - centre) / spread, np.where(cases.labels, 1.0, -1.0)

    def cost(values: Scores) -> tuple[float, Scores]:
        margin = sign * (x @ values[:-1] + values[-1])
        pull = -sign * cases.weights / (1 + np.exp(np.clip(margin, -60, 60)))
        loss = float((cases.weights * np.logaddexp(0, -margin)).sum())
        slopes = np.append(values[:-1], 0.0)
        gradient = np.append(pull @ x, pull.sum()) + slopes / PRIOR
        return loss + float(slopes @ slopes) / (2 * PRIOR), gradient

    start = np.zeros(scores.shape[1] + 1)
    limits = [(0.0, None)] * scores.shape[1] + [(None, None)]
    best = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=limits).x
    slopes = best[:-1] / spread
    return slopes, float(best[-1] - slopes @ centre)


@dataclass(frozen=True)
class Joint:
    """What several detectors say together: the share of each one's log10 ratio, and the calibration of the sum."""

    shares: Mapping[str, float]
    calibration: Calibration

    def ratio(self, ratios: Mapping[str, float]) -> float:
        """Return the log10 ratio of several detectors' ones, as `forensics.analysis.fusion.joint_ratio` does."""
        score = sum(share * ratios[name] for name, share in self.shares.items())
        return log10_lr(score, self.calibration)


def fit_joint(
    videos: Sequence[VideoScores], alone: Mapping[str, Calibration], voices: Sequence[str]
) -> Joint:
    """Return what is fitted on the ratios of some of the detectors; the others have no share."""
    cases = cases_of(videos)
    ratios = {name: ratios_by(videos, name, alone[name]) for name in alone}
    slopes, intercept = regression(np.stack([ratios[name] for name in voices], 1), cases)
    total = float(slopes.sum())
    if total <= 0:
        raise DataError(
            "the detectors' ratios together do not tell manipulated videos from genuine ones"
        )
    shares = dict.fromkeys(alone, 0.0) | {
        name: float(slope / total) for name, slope in zip(voices, slopes, strict=True)
    }
    used = [calibration for name, calibration in alone.items() if shares[name]]
    loose = replace(
        used[0],
        slope=total,
        intercept=intercept,
        cap_log10=np.inf,
        min_face_px=max(one.min_face_px for one in used),
        min_frames=max(one.min_frames for one in used),
        drift_log10=max((one.drift_log10 or 0.0 for one in used), default=0.0),
    )
    sums = sum((share * ratios[name] for name, share in shares.items()), np.zeros(len(videos)))
    return Joint(shares, with_thresholds(loose, (total * sums + intercept) / LN10, cases))


def choices(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return every choice of at least one detector, the smallest first."""
    sizes = range(1, len(names) + 1)
    return [chosen for size in sizes for chosen in combinations(names, size)]
