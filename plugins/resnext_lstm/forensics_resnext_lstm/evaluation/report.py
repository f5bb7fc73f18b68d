"""Everything that one evaluation says, as one value: for a table, for JSON, for a page."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from forensics.records import Calibration

from .bootstrap import FEW_CLUSTERS, Interval
from .cases import PREPARED, Measurement, Trial, clusters_of
from .summary import Figures, compared, cuts_of, measure
from .summary_columns import Cut, scored

FEW_REAL = 100


@dataclass(frozen=True)
class Group:
    """Figures of some files, or of all under one condition."""

    name: str
    figures: Figures


@dataclass(frozen=True)
class Subject:
    """What is measured on what: the weights, the index, how files are tied together, and what they are called."""

    entry: str
    weights: str
    index: str
    by: str
    unit: str
    untrained: bool
    calibration: Calibration | None


@dataclass(frozen=True)
class Report:
    """What was measured. All groups are held against the same thresholds; `failed` has what could not be scored."""

    subject: Subject
    figures: Figures
    compared: dict[str, Interval]
    datasets: tuple[Group, ...]
    methods: tuple[Group, ...]
    changes: tuple[Group, ...]
    robustness: tuple[Group, ...]
    failed: tuple[dict[str, str], ...]
    notes: tuple[str, ...]


def reported(subject: Subject, of: Measurement) -> Report:
    """Return the report on trials, and on those of the same files under other conditions."""
    trials = of.trials
    cuts = cuts_of(subject.calibration, trials)
    figures = measure(trials, subject.by, cuts)
    return Report(
        subject=subject,
        figures=figures,
        compared=compared(trials, subject.by),
        datasets=groups(by_dataset(trials), subject.by, cuts),
        methods=groups(by_method(trials), subject.by, cuts),
        changes=groups(of.changed, subject.by, cuts),
        robustness=groups(of.altered, subject.by, cuts),
        failed=tuple(failure(trial) for trial in trials if trial.score is None),
        notes=tuple(notes(subject, figures, trials)),
    )


def groups(of: Mapping[str, Sequence[Trial]], by: str, cuts: Sequence[Cut]) -> tuple[Group, ...]:
    """Return the figures of each group of trials."""
    return tuple(Group(name, measure(trials, by, cuts)) for name, trials in of.items())


def failure(trial: Trial) -> dict[str, str]:
    """Return the name of a file without a score, and why it has none."""
    return {"file": trial.known.file, "outcome": trial.outcome, "why": trial.error}


def by_dataset(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    """Return the trials of each data set, where the index names them."""
    names = sorted({trial.known.dataset for trial in trials if trial.known.dataset})
    return {name: [t for t in trials if t.known.dataset == name] for name in names}


def by_method(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    """Return the fakes of each method, with the real files of their data sets, or all real ones where these have none."""
    fakes = [trial for trial in trials if trial.known.fake and trial.known.method]
    real = [trial for trial in trials if not trial.known.fake]
    found: dict[str, list[Trial]] = {}
    for method in sorted({trial.known.method for trial in fakes}):
        made = [trial for trial in fakes if trial.known.method == method]
        homes = {trial.known.dataset for trial in made}
        near = [trial for trial in real if trial.known.dataset in homes]
        found[method] = made + (near or real)
    return found


def notes(subject: Subject, figures: Figures, trials: Sequence[Trial]) -> list[str]:
    """Return the sentences without which the figures would be read wrongly."""
    found = [clusters_note(trials, subject.by)] if figures.auc.low is None else []
    if subject.by == "people" and not any(trial.known.identity for trial in trials):
        found.append(
            "The index has no identity: who appears in several source videos counts as several people."
        )
    if subject.untrained:
        found.append(
            "The LSTM's residual is exactly zero: it is not trained, and its score is the mean's."
        )
    if subject.unit == "crops":
        found.append(
            "A crop is one frame: the mean and one frame are the same. What the recurrence adds "
            "shows on videos only. The program's gates for size and frames are not applied to crops."
        )
    if subject.unit == PREPARED:
        found.append(
            "Faces were cut out before: a video in which none was found is not among them."
        )
    if subject.calibration is None:
        found.append(
            "The weights have no calibration: log loss, Brier score, calibration error, Cllr and "
            "prevalence are not available, and every verdict is inconclusive."
        )
    elif not figures.prevalence:
        found.append("No file was flagged: how many flagged files are right can't be said.")
    elif figures.prevalence[0].right_of_100.value is None:
        found.append(
            "No real file was flagged. At least how many flagged files are right is told from the upper end of the 95 % "
            "interval of that rate, each cluster of real files counted once."
        )
    if figures.real < FEW_REAL:
        found.append("Fewer than 100 real files: at 1 % FPR means with no false alarm at all.")
    return found


def clusters_note(trials: Sequence[Trial], by: str) -> str:
    """Say why there are no intervals."""
    clusters = clusters_of(scored(trials), by)
    kinds = [
        len({c for c, t in zip(clusters, scored(trials), strict=True) if t.known.fake == fake})
        for fake in (True, False)
    ]
    return (
        f"No intervals: the fakes are of {kinds[0]} and the real files of {kinds[1]} independent clusters by "
        f"{by}; it takes {FEW_CLUSTERS} of either. Read the counts."
    )


def as_json(report: Report) -> dict[str, Any]:
    """Return a report as one JSON object, the AUC of the shipped score first."""
    subject = {key: value for key, value in asdict(report.subject).items() if key != "calibration"}
    figures = asdict(report.figures)
    listed = {
        name: [{"name": one.name, **asdict(one.figures)} for one in getattr(report, name)]
        for name in ("datasets", "methods", "changes", "robustness")
    }
    return {
        "auc": figures.pop("auc"),
        **subject,
        "calibrated": report.subject.calibration is not None,
        **figures,
        "compared": {name: asdict(one) for name, one in report.compared.items()},
        **listed,
        "failed": list(report.failed),
        "notes": list(report.notes),
    }


def kept(report: Report, date: str) -> dict[str, Any]:
    """Return the figures that are kept in a manifest."""
    about = {"index": report.subject.index, "by": report.subject.by, "date": date}
    return {**about, **asdict(report.figures)}
