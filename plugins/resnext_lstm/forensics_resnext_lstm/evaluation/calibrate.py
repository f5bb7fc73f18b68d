"""Turn raw scores into evidence: slope and intercept, the cap, the thresholds, and counts of errors.

Fitted on crops that the network was not trained on. The logistic regression gives both kinds the same weight, so that
the prior of the collection is out and what is left is a likelihood ratio (Brümmer and du Preez 2006).
"""

from dataclasses import asdict, dataclass, replace

import numpy as np

from forensics.records import Calibration, ErrorRate, MediaKind, Thresholds
from forensics.weights import toml_value

from ..data import DataError
from ..scoring import LN10, Labels, Scores
from . import multi_face
from .thresholds import Groups, established, held, strictest

UNIT = "face crops"
WEAK_PRIOR = 1e3  # keeps the slope finite when the kinds are separable; nothing else


@dataclass(frozen=True)
class Validity:
    """What a calibration is valid for: the smallest face, the shortest track, the kinds of media."""

    min_face_px: int = 64
    min_frames: int = 8
    kinds: tuple[MediaKind, ...] = (MediaKind.VIDEO, MediaKind.STILL)


def fit(
    labels: Labels,
    scores: Scores,
    validity: Validity,
    drift: float = 0.0,
    groups: Groups | None = None,
) -> Calibration:
    """Return the calibration of (N,) labels and scores; raises DataError when the scores do not tell the kinds apart.

    `fake_at` is such that the real ones above are under 5 % with their interval, `real_at` such that at most 10 % of the
    fakes lie below, and neither label contradicts its ratio. Both hold in each of the `groups`, (N,), by itself as well: rates
    differ from people to people, and those of new people are more like the worst of these than like their mean. `drift`
    is the largest difference of a score between types of number: the thresholds lie more than twice as far apart.
    Files of several faces have thresholds of their own (`crowds`).
    """
    slope, intercept = regression(labels, scores)
    if slope <= 0:
        raise DataError("fakes do not score higher than real crops: nothing can be calibrated")
    ratios = (slope * scores + intercept) / LN10
    drift_log10 = slope * drift / LN10
    fake_at, real_at = strictest(ratios, labels, groups)
    cap = supported(ratios[~labels], ratios[labels])
    real_at = min(real_at, fake_at - 2 * drift_log10)
    report = established(ratios[~labels], cap, real_at)
    whose = np.zeros(len(labels), np.int64) if groups is None else groups
    crops = multi_face.Files(np.clip(ratios, -cap, cap), labels, whose)
    return Calibration(
        slope=slope,
        intercept=intercept,
        cap_log10=cap,
        fake_at=fake_at,
        real_at=real_at,
        min_face_px=validity.min_face_px,
        min_frames=validity.min_frames,
        kinds=validity.kinds,
        report=report,
        drift_log10=drift_log10,
        crowds=multi_face.fitted(crops, Thresholds(fake_at, real_at), report, drift_log10),
    )


def regression(labels: Labels, scores: Scores) -> tuple[float, float]:
    """Return slope and intercept of the natural log likelihood ratio."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=WEAK_PRIOR, class_weight="balanced")
    model.fit(scores[:, None], labels)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def supported(real: Scores, fake: Scores) -> float:
    """Return the largest log10 ratio that so many crops can support, on either side, for capping.

    In the manner of the empirical bounds of Vergeer et al. (Science & Justice 56, 2016, 482-491), made simpler: at
    every threshold one more misleading crop is counted than was seen, and the best ratio of rates that is left is the
    bound. With n real crops none of which reaches half of the fakes it is (n + 1) / 2. The smaller of both sides counts.
    """
    return min(bound(fake, real), bound(-real, -fake))


def bound(right: Scores, misleading: Scores) -> float:
    """Return the best log10 ratio of rates above a threshold, with one more misleading value than there is."""
    at = np.unique(right)
    hits = 1 - np.searchsorted(np.sort(right), at, "left") / len(right)
    above = len(misleading) - np.searchsorted(np.sort(misleading), at, "left")
    return float(np.log10(hits / ((above + 1) / (len(misleading) + 1))).max())


def counted(
    calibration: Calibration,
    labels: Labels,
    scores: Scores,
    data: str,
    date: str,
    groups: Groups | None = None,
) -> Calibration:
    """Return the calibration with the errors that its thresholds make on (N,) labels and scores; `date` is ISO.

    Files of several faces are put together within each of the `groups`, (N,).
    """
    whose = np.zeros(len(labels), np.int64) if groups is None else groups
    ratios = (calibration.slope * scores + calibration.intercept) / LN10

    def wrong(at: Thresholds) -> Thresholds:
        flagged, missed = ratios[~labels] >= at.fake_at, ratios[labels] <= at.real_at
        return Thresholds(at.fake_at, at.real_at, rate(flagged), rate(missed))

    def rate(errors: Labels) -> ErrorRate:
        return ErrorRate(len(errors), int(errors.sum()), data, date, UNIT)

    several = multi_face.counted(calibration, labels, scores, whose, data, date)
    triage = wrong(Thresholds(calibration.fake_at, calibration.real_at))
    report = held(wrong(calibration.report)) if calibration.report else None
    if report is None:  # what does not hold for one face is not said to hold for several
        several = tuple(replace(crowd, report=None) for crowd in several)
    return replace(
        calibration,
        flagged_real=triage.flagged_real,
        missed_fake=triage.missed_fake,
        report=report,
        crowds=several,
    )


def as_toml(calibration: Calibration) -> str:
    """Return a calibration as it stands in a manifest."""
    import tomli_w

    return tomli_w.dumps({"calibration": toml_value(asdict(calibration))})
