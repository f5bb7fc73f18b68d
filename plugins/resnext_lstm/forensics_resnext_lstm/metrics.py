"""Figures of (N,) labels, true for fake, and (N,) scores: pure arithmetic, each figure with its source.

`ratios` are base-10 log likelihood ratios as the program serves them, capped. Their probability is that at equal priors.
"""

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float64]

LN10 = float(np.log(10))
LOG2_10 = float(np.log2(10))
BINS = 15  # as in Guo et al.


def auc(labels: Labels, scores: Scores) -> float:
    """Return the area under the ROC curve."""
    return area(np.sort(scores[~labels]), scores[labels])


def area(real: Scores, fake: Scores) -> float:
    """Return the chance that a fake scores above a real one, ties counting half. `real` is sorted."""
    below = np.searchsorted(real, fake, "left") + np.searchsorted(real, fake, "right")
    return float(below.mean() / (2 * len(real)))


def equal_error(real: Scores, fake: Scores) -> float:
    """Return the error rate at the threshold where both kinds of error come closest. Both are sorted."""
    return equal_error_at(real, fake)[0]


def equal_error_at(real: Scores, fake: Scores) -> tuple[float, float]:
    """Return the equal error rate, and the score from which on its threshold says fake. Both are sorted."""
    at = np.concatenate([real, fake])
    flagged = 1 - np.searchsorted(real, at, "left") / len(real)
    missed = np.searchsorted(fake, at, "left") / len(fake)
    best = np.argmin(np.abs(flagged - missed))
    return float((flagged[best] + missed[best]) / 2), float(at[best])


def found_at(real: Scores, fake: Scores, share: float) -> float:
    """Return the share of fakes above the threshold that at most `share` of the sorted real ones reach."""
    return float((fake > real[len(real) - 1 - int(share * len(real))]).mean())


def roc(labels: Labels, scores: Scores) -> tuple[Scores, Scores]:
    """Return the shares of real and of fake ones that score at least each threshold, from (0, 0) to (1, 1)."""
    at = np.unique(scores)[::-1]
    real, fake = np.sort(scores[~labels]), np.sort(scores[labels])
    flagged = 1 - np.searchsorted(real, at, "left") / len(real)
    found = 1 - np.searchsorted(fake, at, "left") / len(fake)
    return np.concatenate([[0.0], flagged]), np.concatenate([[0.0], found])


def average_precision(labels: Labels, scores: Scores) -> float:
    """Return the mean precision over the steps of recall, without interpolation; depends on the mix of the data."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    last = np.append(np.diff(scores[order]) != 0, True)  # equal scores are one step
    hits, ranks = hits[last], np.flatnonzero(last) + 1
    steps = np.diff(hits, prepend=0)
    return float((hits / ranks * steps).sum() / hits[-1])


def accuracy(labels: Labels, called: Labels) -> float:
    """Return the share that is called what it is."""
    return float((called == labels).mean())


def balanced_accuracy(labels: Labels, called: Labels) -> float:
    """Return the mean of the shares of fakes and of real ones that are called what they are."""
    return float((called[labels].mean() + (~called[~labels]).mean()) / 2)


def probabilities(ratios: Scores) -> Scores:
    """Return LR / (1 + LR): the probability of fake at equal priors."""
    return np.asarray(1 / (1 + 10.0**-ratios), np.float64)


def log_loss(labels: Labels, ratios: Scores) -> float:
    """Return the mean negative natural logarithm of the probability given to the truth, in the mix of the data."""
    return float(surprise(labels, ratios).mean() / LOG2_10 * LN10)


def cllr(labels: Labels, ratios: Scores) -> float:
    """Return the cost of the log likelihood ratio in bits; 1 is that of knowing nothing, and either kind counts half.

    Brümmer and du Preez, Computer Speech & Language 20 (2006), 230-275.
    """
    bits = surprise(labels, ratios)
    return float((bits[labels].mean() + bits[~labels].mean()) / 2)


def surprise(labels: Labels, ratios: Scores) -> Scores:
    """Return the bits of surprise at each truth, (N,): log2(1 + 1/LR) for a fake, log2(1 + LR) for a real one."""
    towards = np.where(labels, ratios, -ratios)
    return np.logaddexp2(0.0, -towards * LOG2_10)


def brier(labels: Labels, ratios: Scores) -> float:
    """Return the mean squared distance of the probability from the truth (Brier 1950), in the mix of the data."""
    return float(((probabilities(ratios) - labels) ** 2).mean())


def calibration_error(labels: Labels, ratios: Scores) -> float:
    """Return the expected calibration error of the probability of fake, over 15 bins of equal width.

    Guo et al., arXiv 1706.04599, with either kind given half of the weight: the probability is one at equal priors.
    """
    said, was, weight = reliability(labels, ratios)
    return float((weight * np.abs(said - was)).sum())


def reliability(labels: Labels, ratios: Scores) -> tuple[Scores, Scores, Scores]:
    """Return for each bin that is not empty: the mean probability, the share of fakes, its weight (they sum to 1)."""
    said = probabilities(ratios)
    weight = np.where(labels, 0.5 / max(labels.sum(), 1), 0.5 / max((~labels).sum(), 1))
    bins = np.minimum((said * BINS).astype(int), BINS - 1)
    total, sum_said, sum_was = (
        np.bincount(bins, weight * values, BINS).astype(np.float64)
        for values in (np.ones_like(said), said, labels)
    )
    filled = total > 0
    share = total[filled]
    return sum_said[filled] / share, sum_was[filled] / share, share
