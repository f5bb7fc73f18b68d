"""Columns of scored trials, and every figure that is a function of some of their rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..metrics import (
    Labels,
    Scores,
    accuracy,
    auc,
    average_precision,
    balanced_accuracy,
    brier,
    calibration_error,
    cllr,
    equal_error,
    found_at,
    log_loss,
)
from .bootstrap import Rows
from .cases import Trial

PREVALENCES = (0.001, 0.01, 0.1, 0.5)
NOT_DEFINED = float("nan")


@dataclass(frozen=True)
class Cut:
    """A threshold by name. `score` is where it lies among raw scores; `ratio` among log10 ratios, where it is served."""

    name: str
    score: float
    ratio: float | None = None


@dataclass(frozen=True)
class Measured:
    """Columns of N scored trials; `ratios` are not numbers where there are none."""

    labels: Labels
    scores: Scores
    ratios: Scores
    flagged: Labels
    cleared: Labels

    def at(self, rows: Rows | Labels) -> "Measured":
        """Return some rows."""
        return Measured(
            self.labels[rows],
            self.scores[rows],
            self.ratios[rows],
            self.flagged[rows],
            self.cleared[rows],
        )

    @property
    def both(self) -> bool:
        """Say whether there are fakes and real ones."""
        return bool(self.labels.any() and not self.labels.all())


def scored(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that have a score."""
    return [trial for trial in trials if trial.score is not None]


def columns(trials: Sequence[Trial], of: str = "score") -> Measured:
    """Return the columns of scored trials; `of` names the kind of score: score, mean or single."""
    return Measured(
        labels=np.array([trial.known.fake for trial in trials], bool),
        scores=numbers([getattr(trial, of) for trial in trials]),
        ratios=numbers([trial.log10_lr for trial in trials]),
        flagged=np.array([trial.outcome == "fake" for trial in trials], bool),
        cleared=np.array([trial.outcome == "real" for trial in trials], bool),
    )


def numbers(values: Sequence[float | None]) -> Scores:
    """Return values as an array in which None is not a number."""
    return np.array([NOT_DEFINED if value is None else value for value in values], np.float64)


def values(of: Measured, cuts: Sequence[Cut]) -> dict[str, float]:
    """Return every figure of some rows; one that is not defined is not a number."""
    known = of.at(np.isfinite(of.ratios))
    return {
        **ranked(of),
        **weighed(known),
        **decided(of),
        **{name: value for cut in cuts for name, value in at_cut(of, cut).items()},
        **predicted(of),
    }


def ranked(of: Measured) -> dict[str, float]:
    """Return the figures of the scores' order."""
    names = ("auc", "eer", "average_precision", "tpr_at_fpr_5", "tpr_at_fpr_1")
    if not of.both:
        return dict.fromkeys(names, NOT_DEFINED)
    real, fake = np.sort(of.scores[~of.labels]), np.sort(of.scores[of.labels])
    return {
        "auc": auc(of.labels, of.scores),
        "eer": equal_error(real, fake),
        "average_precision": average_precision(of.labels, of.scores),
        "tpr_at_fpr_5": found_at(real, fake, 0.05),
        "tpr_at_fpr_1": found_at(real, fake, 0.01),
    }


WEIGHED: dict[str, Callable[[Labels, Scores], float]] = {
    "log_loss": log_loss,
    "brier": brier,
    "calibration_error": calibration_error,
    "cllr": cllr,
}


def weighed(known: Measured) -> dict[str, float]:
    """Return the figures of the ratios; all rows have one."""
    return {
        name: figure(known.labels, known.ratios) if known.both else NOT_DEFINED
        for name, figure in WEIGHED.items()
    }


def decided(of: Measured) -> dict[str, float]:
    """Return the share without a decision, and how much of the rest is right."""
    sure = of.flagged | of.cleared
    right = (of.flagged & of.labels) | (of.cleared & ~of.labels)
    return {
        "inconclusive": float((~sure).mean()) if len(sure) else NOT_DEFINED,
        "accuracy_decided": float(right[sure].mean()) if sure.any() else NOT_DEFINED,
    }


def called(of: Measured, cut: Cut) -> tuple[Labels, Labels]:
    """Return the labels of the rows that can be compared with a threshold, and which of them it calls fake."""
    if cut.ratio is None:
        return of.labels, of.scores >= cut.score
    known = of.at(np.isfinite(of.ratios))
    over = known.ratios > cut.ratio if cut.name == "real" else known.ratios >= cut.ratio
    return known.labels, over


def at_cut(of: Measured, cut: Cut) -> dict[str, float]:
    """Return accuracy and balanced accuracy at a threshold, under its name."""
    labels, over = called(of, cut)
    both = bool(labels.any() and not labels.all())
    return {
        f"accuracy at {cut.name}": accuracy(labels, over) if len(labels) else NOT_DEFINED,
        f"balanced at {cut.name}": balanced_accuracy(labels, over) if both else NOT_DEFINED,
    }


def predicted(of: Measured) -> dict[str, float]:
    """Return the share of fakes among flagged files at each prevalence, from both measured rates."""
    if not of.both or not np.isfinite(of.ratios).any():
        return {f"right at {share}": NOT_DEFINED for share in PREVALENCES}
    hits, alarms = of.flagged[of.labels].mean(), of.flagged[~of.labels].mean()
    return {f"right at {share}": right(share, hits, alarms) for share in PREVALENCES}


def right(prevalence: float, hits: float, alarms: float) -> float:
    """Return the share of fakes among flagged files, of which either kind is flagged at its rate (Bayes' rule)."""
    true, false = prevalence * hits, (1 - prevalence) * alarms
    return float(true / (true + false)) if true + false else NOT_DEFINED
