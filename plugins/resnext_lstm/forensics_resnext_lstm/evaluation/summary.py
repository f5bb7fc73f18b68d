"""From trials to figures with intervals: how well scores rank, how right the verdicts are, what the ratios cost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forensics.analysis import wilson_interval
from forensics.records import Calibration

from ..metrics import LN10, equal_error_at
from .bootstrap import Interval, Rows, intervals
from .cases import Trial, clusters_of, verdicts_of
from .summary_columns import (
    PREVALENCES,
    Cut,
    Measured,
    called,
    columns,
    ranked,
    right,
    scored,
    values,
)


@dataclass(frozen=True)
class Accuracy:
    """What happens when everything from a threshold up is called fake; `n` files have what is compared with it.

    `threshold` is a raw score. Of a served threshold the ratios are compared, which at `real` call fake only above it.
    """

    name: str
    threshold: float
    n: int
    accuracy: float | None
    accuracy_interval: Interval
    balanced_accuracy: Interval
    real_flagged: int
    fakes_missed: int


@dataclass(frozen=True)
class Pairs:
    """How many of the pairs of a fake and a real file are in order, a tie counting half: the AUC as a count."""

    in_order: float
    of: int


@dataclass(frozen=True)
class Right:
    """Of 100 flagged files, how many are fake where `prevalence` of all are.

    Where no real file was flagged there is no value but a lower end: so many at least.
    """

    prevalence: float
    right_of_100: Interval


@dataclass(frozen=True)
class Figures:
    """What was measured on `n` scored files; from `log_loss` to `cllr` of calibrated ratios, None without.

    `tpr_at_fpr_5` is the share of fakes found when at most 5 % of real files are flagged. `inconclusive` is a share
    of the scored files, `accuracy_decided` that of right verdicts among the rest.
    """

    auc: Interval
    n: int
    real: int
    fake: int
    clusters: int
    pairs: Pairs
    eer: Interval
    average_precision: Interval
    tpr_at_fpr_5: Interval
    tpr_at_fpr_1: Interval
    log_loss: Interval
    brier: Interval
    calibration_error: Interval
    cllr: Interval
    inconclusive: Interval
    accuracy_decided: Interval
    accuracy: tuple[Accuracy, ...]
    verdicts: dict[str, dict[str, int]]
    prevalence: tuple[Right, ...] = ()


MEASURES = (
    "auc",
    "eer",
    "average_precision",
    "tpr_at_fpr_5",
    "tpr_at_fpr_1",
    "log_loss",
    "brier",
    "calibration_error",
    "cllr",
    "inconclusive",
    "accuracy_decided",
)


def cuts_of(calibration: Calibration | None, trials: Sequence[Trial]) -> list[Cut]:
    """Return the thresholds to count errors at: score 0, the shipped ones, and the pooled one of equal errors."""
    found = [Cut("zero", 0.0)]
    if calibration is not None:
        for name, ratio in (("fake", calibration.fake_at), ("real", calibration.real_at)):
            at = (ratio * LN10 - calibration.intercept) / calibration.slope
            found.append(Cut(name, at, ratio))
    all_ = columns(scored(trials))
    if all_.both:
        halves = np.sort(all_.scores[~all_.labels]), np.sort(all_.scores[all_.labels])
        found.append(Cut("equal_errors", equal_error_at(*halves)[1]))
    return found


def measure(trials: Sequence[Trial], by: str, cuts: Sequence[Cut]) -> Figures:
    """Return all figures of trials; those `by` ties together are resampled together."""
    with_score = scored(trials)
    all_, clusters = columns(with_score), clusters_of(with_score, by)
    found = intervals(all_.labels, clusters, lambda rows: values(all_.at(rows), cuts))
    fakes = int(all_.labels.sum())
    of, area = fakes * (len(with_score) - fakes), found["auc"].value
    return Figures(
        n=len(with_score),
        real=len(with_score) - fakes,
        fake=fakes,
        clusters=len(set(clusters)),
        pairs=Pairs(round((area or 0) * of * 2) / 2, of),
        **{name: found[name] for name in MEASURES},
        accuracy=tuple(errors(all_, cut, found) for cut in cuts),
        verdicts=verdicts_of(trials),
        prevalence=rights(found)
        if all_.flagged[~all_.labels].any()
        else right_at_least(all_, clusters),
    )


def errors(of: Measured, cut: Cut, found: dict[str, Interval]) -> Accuracy:
    """Count the errors of one threshold."""
    labels, over = called(of, cut)
    plain = found[f"accuracy at {cut.name}"]
    return Accuracy(
        name=cut.name,
        threshold=cut.score,
        n=len(labels),
        accuracy=plain.value,
        accuracy_interval=plain,
        balanced_accuracy=found[f"balanced at {cut.name}"],
        real_flagged=int((over & ~labels).sum()),
        fakes_missed=int((~over & labels).sum()),
    )


def rights(found: dict[str, Interval]) -> tuple[Right, ...]:
    """Return the prevalence table in files of 100; of real files at least one was flagged."""
    rows = [(share, found[f"right at {share}"]) for share in PREVALENCES]
    return tuple(Right(share, hundredfold(one)) for share, one in rows if one.value is not None)


def right_at_least(of: Measured, clusters: Sequence[int]) -> tuple[Right, ...]:
    """Return the prevalence table where no real file was flagged, as bounds; empty where no fake was either.

    The rate of false alarms is taken at the upper end of its 95 % interval, for as many files as there are clusters of
    real ones, because files of one cluster are not independent.
    """
    real = {cluster for cluster, fake in zip(clusters, of.labels, strict=True) if not fake}
    if not real or not of.flagged.any():
        return ()
    hits, alarms = float(of.flagged[of.labels].mean()), wilson_interval(0, len(real))[1]
    least = [(share, right(share, hits, alarms)) for share in PREVALENCES]
    return tuple(Right(share, hundredfold(Interval(None, low))) for share, low in least)


def hundredfold(one: Interval) -> Interval:
    """Return a share as a count of 100."""
    low, high = (None if end is None else 100 * end for end in (one.low, one.high))
    return replace(one, value=None if one.value is None else 100 * one.value, low=low, high=high)


def compared(trials: Sequence[Trial], by: str) -> dict[str, Interval]:
    """Return the AUC of the LSTM's score, of mean pooling and of one frame, and what the LSTM adds to the mean."""
    found = [trial for trial in scored(trials) if trial.mean is not None]
    of = {name: columns(found, name) for name in ("score", "mean", "single")}
    labels = of["score"].labels

    def areas(rows: Rows) -> dict[str, float]:
        lstm, mean, single = (ranked(one.at(rows))["auc"] for one in of.values())
        return {"lstm": lstm, "mean": mean, "single": single, "lstm_minus_mean": lstm - mean}

    return intervals(labels, clusters_of(found, by), areas)
