"""One page of pictures: ROC, histogram of scores, reliability. Needs matplotlib, of the extra `train`."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forensics.errors import ForensicsError

from ..metrics import reliability, roc
from .cases import Trial
from .report import Report
from .report_text import both, headline
from .summary_columns import Measured, columns, scored

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REAL, FAKE = "#1f6fb4", "#c8402f"  # told apart by the colour-blind too


def check_page(path: Path) -> None:
    """Raise ForensicsError where a page could not be written, before minutes are spent on it."""
    if find_spec("matplotlib") is None:
        raise ForensicsError(
            "--page needs matplotlib; run pip install 'forensics-resnext-lstm[train]'"
        )
    if not path.parent.is_dir():
        raise ForensicsError(f"{path}: there is no such folder; make it first")


def write_page(path: Path, report: Report, trials: Sequence[Trial]) -> None:
    """Write the page as a PNG; raises ForensicsError where the file can't be written."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = columns(scored(trials))
    figure = Figure(figsize=(15, 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(headline(report))
    curve, histogram, diagram = figure.subplots(1, 3)
    draw_roc(curve, report, trials)
    draw_histogram(histogram, report, found)
    draw_reliability(diagram, found)
    try:
        figure.savefig(path, format="png", dpi=110)
    except OSError as error:
        raise ForensicsError(f"{path}: can't be written: {error.strerror}") from error


def draw_roc(axes: "Axes", report: Report, trials: Sequence[Trial]) -> None:
    """Draw the ROC of the shipped score, of mean pooling and of one frame."""
    with_all = [trial for trial in scored(trials) if trial.mean is not None]
    kinds = (
        ("single", "one frame", ":"),
        ("mean", "mean of the frames", "--"),
        ("score", "LSTM", "-"),
    )
    for of, words, style in kinds:
        found = columns(with_all, of)
        name = "lstm" if of == "score" else of
        label = f"{words}: AUC {both(report.compared[name])}"
        axes.plot(
            *roc(found.labels, found.scores),
            style,
            label=label,
            color=FAKE if of == "score" else "0.4",
        )
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=1)
    axes.set(title="ROC", xlabel="share of real files flagged", ylabel="share of fakes found")
    axes.legend(loc="lower right", fontsize=8)


def draw_histogram(axes: "Axes", report: Report, found: Measured) -> None:
    """Draw the scores of real and fake files, and the shipped thresholds."""
    bins = np.linspace(found.scores.min(), found.scores.max() + 1e-9, 41)
    for labels, words, colour in ((~found.labels, "real", REAL), (found.labels, "fake", FAKE)):
        label = f"{words} ({labels.sum()})"
        axes.hist(found.scores[labels], bins.tolist(), alpha=0.55, color=colour, label=label)
    for cut in report.figures.accuracy:
        if cut.name in ("fake", "real"):
            colour, way = (FAKE, "up") if cut.name == "fake" else (REAL, "down")
            label = f"{cut.name} from here {way}"
            axes.axvline(cut.threshold, color=colour, linestyle="--", label=label)
    axes.set(title="Scores", xlabel="raw score", ylabel=report.subject.unit)
    axes.legend(fontsize=8)


def draw_reliability(axes: "Axes", found: Measured) -> None:
    """Draw the share of fakes over the probability said, at equal priors; says so where there is no calibration."""
    axes.set(
        title="Reliability at equal priors",
        xlabel="said: fake",
        ylabel="was fake",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=1)
    known = found.at(np.isfinite(found.ratios))
    if not known.both:
        axes.text(0.5, 0.5, "not available:\nno calibrated ratios of both kinds", ha="center")
        return
    said, was, weight = reliability(known.labels, known.ratios)
    axes.plot(said, was, color=FAKE)
    axes.scatter(
        said, was, s=20 + 600 * weight, color=FAKE, alpha=0.6, label="area: share of files"
    )
    axes.legend(loc="upper left", fontsize=8)
