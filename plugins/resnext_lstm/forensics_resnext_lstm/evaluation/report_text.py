"""A report as tables for people."""

from dataclasses import dataclass

from .bootstrap import Interval
from .cases import OUTCOMES
from .report import Group, Report
from .summary import Accuracy, Figures

MEASURE_WORDS = {
    "auc": "AUC",
    "eer": "equal error rate",
    "average_precision": "average precision",
    "tpr_at_fpr_5": "fakes found at 5 % FPR",
    "tpr_at_fpr_1": "fakes found at 1 % FPR",
    "log_loss": "log loss",
    "brier": "Brier score",
    "calibration_error": "calibration error (ECE, 15 bins)",
    "cllr": "Cllr, bits",
    "inconclusive": "share of inconclusive",
    "accuracy_decided": "accuracy on the rest",
}
CUT_WORDS = {
    "zero": "score 0",
    "fake": "shipped: fake",
    "real": "shipped: real",
    "equal_errors": "equal errors, pooled",
}
COMPARED_WORDS = {
    "lstm": "LSTM (shipped)",
    "mean": "mean of the frames",
    "single": "one frame",
    "lstm_minus_mean": "LSTM less mean",
}


@dataclass(frozen=True)
class Table:
    """A table with a title."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def headline(report: Report) -> str:
    """Say how much was measured."""
    of, subject = report.figures, report.subject
    return (
        f"{subject.entry} {subject.weights[:12]} on {subject.index}: {of.n} {subject.unit}: {of.real} real, "
        f"{of.fake} fake; {of.clusters} clusters by {subject.by}"
    )


def tables(report: Report) -> list[Table]:
    """Return the tables of a report, those without rows left out."""
    of = report.figures
    found = [
        Table("Figures", ("", "value", "95 % interval"), tuple(measured(of))),
        Table(
            "AUC with and without the recurrence",
            ("", "value", "95 % interval"),
            tuple((COMPARED_WORDS[n], *ends(one)) for n, one in report.compared.items()),
        ),
        Table(
            "From a threshold up called fake",
            ("", "score", "files", "accuracy", "balanced accuracy", "real flagged", "fakes missed"),
            tuple(thresholds(one) for one in of.accuracy),
        ),
        Table("Verdicts", ("truth", *OUTCOMES), tuple(verdicts(of))),
        Table("By data set, same thresholds", GROUP_COLUMNS, tuple(map(group, report.datasets))),
        Table(
            "By method, beside the real files of its data set",
            GROUP_COLUMNS,
            tuple(map(group, report.methods)),
        ),
        Table(
            "Of 100 files flagged as fake",
            ("fakes among all files", "right", "95 % interval"),
            tuple(
                (f"{100 * one.prevalence:g} %", *right(one.right_of_100)) for one in of.prevalence
            ),
        ),
        Table(
            "By how many grey levels fakes differ from the real crop of their video, beside all real crops",
            GROUP_COLUMNS,
            tuple(map(group, report.changes)),
        ),
        Table("Robustness", GROUP_COLUMNS, tuple(map(group, report.robustness))),
        Table(
            "Without a score",
            ("file", "outcome", "why"),
            tuple((one["file"], one["outcome"], one["why"]) for one in report.failed),
        ),
    ]
    return [table for table in found if table.rows]


def measured(of: Figures) -> list[tuple[str, ...]]:
    """Return a row for each figure; beside an AUC without an interval stand the pairs."""
    rows: list[tuple[str, ...]] = [
        (words, *ends(getattr(of, name))) for name, words in MEASURE_WORDS.items()
    ]
    if of.auc.low is None and of.auc.value is not None:
        rows[0] = (rows[0][0], rows[0][1], pairs(of))
    return rows


def pairs(of: Figures) -> str:
    """Say how many pairs are in order."""
    return f"{of.pairs.in_order:g} of {of.pairs.of} fake-real pairs in order"


def ends(one: Interval, digits: int = 4) -> tuple[str, str]:
    """Return a value and its interval as text."""
    value = "not available" if one.value is None else f"{one.value:.{digits}f}"
    if one.low is None or one.high is None:
        return value, ""
    return value, f"{one.low:.{digits}f} to {one.high:.{digits}f}"


def right(one: Interval) -> tuple[str, str]:
    """Return how many of 100 are right, or at least how many, and its interval as text."""
    if one.value is None and one.low is not None:
        return f"at least {one.low:.1f}", ""
    return ends(one, 1)


def both(one: Interval) -> str:
    """Return a value and its interval in one cell."""
    value, ends_ = ends(one, 3)
    return f"{value} ({ends_})" if ends_ else value


def thresholds(one: Accuracy) -> tuple[str, ...]:
    """Return the row of one threshold."""
    return (
        CUT_WORDS[one.name],
        f"{one.threshold:+.3f}",
        str(one.n),
        both(one.accuracy_interval),
        both(one.balanced_accuracy),
        str(one.real_flagged),
        str(one.fakes_missed),
    )


def verdicts(of: Figures) -> list[tuple[str, ...]]:
    """Return the confusion matrix: truths down, verdicts across."""
    return [
        (truth, *(str(counts[outcome]) for outcome in OUTCOMES))
        for truth, counts in of.verdicts.items()
    ]


GROUP_COLUMNS = (
    "",
    "fake",
    "real",
    "AUC",
    "pairs in order",
    "fakes called fake/inconclusive/real",
    "real called fake/inconclusive/real",
    "inconclusive",
    "right of the rest",
    "real flagged/fakes missed at pooled equal errors",
)


def group(one: Group) -> tuple[str, ...]:
    """Return the row of one group."""
    of = one.figures
    pooled = [cut for cut in of.accuracy if cut.name == "equal_errors"]
    return (
        one.name,
        str(of.fake),
        str(of.real),
        "" if of.auc.value is None else both(of.auc),
        f"{of.pairs.in_order:g} of {of.pairs.of}" if of.pairs.of else "",
        three(of, "fake"),
        three(of, "real"),
        both(of.inconclusive),
        "" if of.accuracy_decided.value is None else both(of.accuracy_decided),
        *(f"{cut.real_flagged}/{cut.fakes_missed}" for cut in pooled),
    )


def three(of: Figures, truth: str) -> str:
    """Return the counts of one truth."""
    return "/".join(
        str(of.verdicts[truth][verdict]) for verdict in ("fake", "inconclusive", "real")
    )
