"""Turn raw scores into evidence: slope and intercept, the cap, the thresholds, and counts of errors.

Fitted on crops that the network was not trained on. The logistic regression gives both kinds the same weight, so that
the prior of the collection is out and what is left is a likelihood ratio (Brümmer and du Preez 2006).
"""

from dataclasses import asdict, dataclass, replace

import numpy as np

from forensics.manifest import LEAST_FAKE_AT, MOST_REAL_AT, toml_value
from forensics.records import Calibration, ErrorRate, MediaKind

from .data import DataError
from .evaluate import LN10, Labels, Scores

REAL_FLAGGED_AT_MOST = 0.05
FAKES_CLEARED_AT_MOST = 0.10
CLEARANCE = 1e-6  # log10; a threshold does not rest on the last digit of one crop
UNIT = "face crops"
WEAK_PRIOR = 1e3  # keeps the slope finite when the kinds are separable; nothing else


@dataclass(frozen=True)
class Validity:
    """What a calibration is valid for: the smallest face, the shortest track, the kinds of media."""

    min_face_px: int
    min_frames: int = 3
    kinds: tuple[MediaKind, ...] = (MediaKind.VIDEO, MediaKind.STILL)


def fit(labels: Labels, scores: Scores, validity: Validity) -> Calibration:
    """Return the calibration of (N,) labels and scores; raises DataError when the scores do not tell the kinds apart.

    `fake_at` is such that at most 5 % of the real ones lie above, `real_at` such that at most 10 % of the fakes lie
    below, and neither label contradicts its ratio.
    """
    slope, intercept = regression(labels, scores)
    if slope <= 0:
        raise DataError("fakes do not score higher than real crops: nothing can be calibrated")
    ratios = (slope * scores + intercept) / LN10
    fake_at, real_at = thresholds(ratios[~labels], ratios[labels])
    return Calibration(
        slope=slope,
        intercept=intercept,
        cap_log10=supported(ratios[~labels], ratios[labels]),
        fake_at=fake_at,
        real_at=real_at,
        min_face_px=validity.min_face_px,
        min_frames=validity.min_frames,
        kinds=validity.kinds,
    )


def regression(labels: Labels, scores: Scores) -> tuple[float, float]:
    """Return slope and intercept of the natural log likelihood ratio."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=WEAK_PRIOR, class_weight="balanced")
    model.fit(scores[:, None], labels)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def thresholds(real: Scores, fake: Scores) -> tuple[float, float]:
    """Return `fake_at` and `real_at` in log10 for the ratios of real and fake crops.

    A ratio under 2 is never called fake, one above 1 never real, so between them there is at least a factor of 2.
    """
    real, fake = np.sort(real), np.sort(fake)
    top = real[len(real) - 1 - int(REAL_FLAGGED_AT_MOST * len(real))]
    bottom = fake[int(FAKES_CLEARED_AT_MOST * len(fake))]
    return max(float(top + CLEARANCE), LEAST_FAKE_AT), min(float(bottom - CLEARANCE), MOST_REAL_AT)


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
    calibration: Calibration, labels: Labels, scores: Scores, data: str, date: str
) -> Calibration:
    """Return the calibration with the errors that its thresholds make on (N,) labels and scores; `date` is ISO."""
    ratios = (calibration.slope * scores + calibration.intercept) / LN10
    flagged = int((ratios[~labels] >= calibration.fake_at).sum())
    missed = int((ratios[labels] <= calibration.real_at).sum())
    return replace(
        calibration,
        flagged_real=ErrorRate(int((~labels).sum()), flagged, data, date, UNIT),
        missed_fake=ErrorRate(int(labels.sum()), missed, data, date, UNIT),
    )


def as_toml(calibration: Calibration) -> str:
    """Return a calibration as it stands in a manifest."""
    import tomli_w

    return tomli_w.dumps({"calibration": toml_value(asdict(calibration))})
