"""Measure weights on single face crops with known truth: rates with intervals, and the threshold they hold at.

A crop's score is the track logit of a sequence of one frame. Intervals are 95 %, by resampling whole clusters (source
videos or parts), because crops of one cluster are not independent (Efron and Tibshirani 1993, chapter 8).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from forensics.crops import resized
from forensics.records import Calibration
from forensics.weights import WeightsEntry

from .checkpoints import load
from .data import Crop, DataError, read_index
from .model import FaceSequenceNet, normalise

Labels = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float64]

BATCH = 64
LN10 = float(np.log(10))
MEASURES = ("auc", "eer", "tpr_at_fpr_5", "tpr_at_fpr_1")
WORDS = ("AUC", "equal error rate", "fakes found at 5 % FPR", "fakes found at 1 % FPR")


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Accuracy:
    """What happens when scores from `threshold` up are called fake."""

    threshold: float
    accuracy: float
    real_flagged: int
    fakes_missed: int


@dataclass(frozen=True)
class Figures:
    """What was measured. `tpr_at_fpr_5` is the share of fakes found when at most 5 % of real crops are flagged."""

    n: int
    real: int
    fake: int
    clusters: int
    auc: Interval
    eer: Interval
    tpr_at_fpr_5: Interval
    tpr_at_fpr_1: Interval
    accuracy: tuple[Accuracy, ...]


@dataclass(frozen=True)
class Scored:
    """Crops with (N,) labels, true for fake, and (N,) scores."""

    crops: tuple[Crop, ...]
    labels: Labels
    scores: Scores


def score_index(
    entry: WeightsEntry,
    device: torch.device,
    index: Path,
    archives: Sequence[Path],
    parts: Sequence[int] | None = None,
) -> Scored:
    """Score the crops of an index, those of some parts or all; raises DataError unless both kinds are among them."""
    crops = read_index(index, archives)
    crops = [crop for crop in crops if parts is None or crop.part in parts]
    labels = labels_of(crops)
    scores = score_crops(load(entry).to(device), crops, entry.crop.px)
    return Scored(tuple(crops), labels, scores)


def labels_of(crops: Sequence[Crop]) -> Labels:
    """Return (N,), true for fake; raises DataError unless there are both real and fake crops."""
    labels = np.array([crop.fake for crop in crops], bool)
    if not len(labels) or labels.all() or not labels.any():
        raise DataError(f"of {len(labels)} crops {labels.sum()} are fake: both kinds are needed")
    return labels


@torch.inference_mode()
def score_crops(model: FaceSequenceNet, crops: Sequence[Crop], px: int) -> Scores:
    """Return the score of each crop, (N,)."""
    model.eval()
    device = model.frame_head.weight.device
    scores: list[Tensor] = []
    for i in range(0, len(crops), BATCH):
        faces = np.stack([resized(crop.read(), px) for crop in crops[i : i + BATCH]])
        x = normalise(torch.from_numpy(faces).to(device))
        x = x.contiguous(memory_format=torch.channels_last)
        lengths = torch.ones(len(x), dtype=torch.long, device=device)
        scores.append(model.head(model.trunk(x)[:, None], lengths).track)  # (N, 1, W) -> (N,)
    return torch.cat(scores).double().cpu().numpy()


def measure(
    labels: Labels, scores: Scores, clusters: Sequence[object], thresholds: Sequence[float]
) -> Figures:
    """Return all figures of (N,) labels and scores; crops with equal entries of `clusters` are resampled together."""
    if len(set(clusters)) < 2:
        raise DataError("all crops are of one cluster: no interval can be given; use another --by")
    point = rates(labels, scores)
    low, high = np.quantile(resampled(labels, scores, clusters, rates), (0.025, 0.975), axis=0)
    found = [Interval(*map(float, values)) for values in zip(point, low, high, strict=True)]
    return Figures(
        n=len(labels),
        real=int((~labels).sum()),
        fake=int(labels.sum()),
        clusters=len(set(clusters)),
        **dict(zip(MEASURES, found, strict=True)),
        accuracy=tuple(accuracy(labels, scores, threshold) for threshold in thresholds),
    )


def rates(labels: Labels, scores: Scores) -> list[float]:
    """Return the figures that MEASURES names."""
    real, fake = np.sort(scores[~labels]), np.sort(scores[labels])
    found = [found_at(real, fake, share) for share in (0.05, 0.01)]
    return [area(real, fake), equal_error(real, fake), *found]


def auc(labels: Labels, scores: Scores) -> float:
    """Return the area under the ROC curve."""
    return area(np.sort(scores[~labels]), scores[labels])


def area(real: Scores, fake: Scores) -> float:
    """Return the chance that a fake scores above a real one, ties counting half. `real` is sorted."""
    below = np.searchsorted(real, fake, "left") + np.searchsorted(real, fake, "right")
    return float(below.mean() / (2 * len(real)))


def equal_error(real: Scores, fake: Scores) -> float:
    """Return the error rate at the threshold where both kinds of error come closest. Both are sorted."""
    at = np.concatenate([real, fake])
    flagged = 1 - np.searchsorted(real, at, "left") / len(real)
    missed = np.searchsorted(fake, at, "left") / len(fake)
    best = np.argmin(np.abs(flagged - missed))
    return float((flagged[best] + missed[best]) / 2)


def found_at(real: Scores, fake: Scores, share: float) -> float:
    """Return the share of fakes above the threshold that at most `share` of the sorted real ones reach."""
    return float((fake > real[len(real) - 1 - int(share * len(real))]).mean())


def accuracy(labels: Labels, scores: Scores, threshold: float) -> Accuracy:
    """Count the errors of one threshold."""
    called = scores >= threshold
    flagged, missed = int((called & ~labels).sum()), int((~called & labels).sum())
    return Accuracy(float(threshold), 1 - (flagged + missed) / len(labels), flagged, missed)


def thresholds_of(calibration: Calibration | None) -> list[float]:
    """Return the scores to count errors at: zero, and where a calibration says fake and real."""
    if calibration is None:
        return [0.0]
    ratios = (calibration.fake_at, calibration.real_at)
    return [0.0, *((r * LN10 - calibration.intercept) / calibration.slope for r in ratios)]


def told(figures: Figures, by: str) -> str:
    """Return the figures as lines of text for people."""
    lines = [
        f"{figures.n} crops: {figures.real} real, {figures.fake} fake; {figures.clusters} by {by}"
    ]
    for name, words in zip(MEASURES, WORDS, strict=True):
        figure: Interval = getattr(figures, name)
        lines.append(f"{words:<28} {figure.value:.4f}  ({figure.low:.4f} to {figure.high:.4f})")
    lines += [
        f"from score {a.threshold:+.3f} up: accuracy {a.accuracy:.4f}, "
        f"{a.real_flagged} real flagged, {a.fakes_missed} fakes missed"
        for a in figures.accuracy
    ]
    return "\n".join(lines)


def resampled(
    labels: Labels,
    scores: Scores,
    clusters: Sequence[object],
    statistic: Callable[[Labels, Scores], list[float]],
    draws: int = 1000,
) -> npt.NDArray[np.float64]:
    """Return (draws, len(statistic)): its values on draws of whole clusters; draws of one label only are left out."""
    members: dict[object, list[int]] = {}
    for i, cluster in enumerate(clusters):
        members.setdefault(cluster, []).append(i)
    groups = [np.array(rows) for rows in members.values()]
    rng, values = np.random.default_rng(0), []
    for _ in range(draws):
        rows = np.concatenate([groups[i] for i in rng.integers(len(groups), size=len(groups))])
        if labels[rows].any() and not labels[rows].all():
            values.append(statistic(labels[rows], scores[rows]))
    return np.array(values)
