"""Verdicts as people read them on a terminal. The sentences come from `wording`."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from ..records import StoredVerdict
from ..report import wording
from ..store.queries import JobOutcome
from ..store.queries.validations import OwnValidation
from .common import STYLES, console, printed


def print_outcome(outcome: JobOutcome) -> None:
    """Print one file's verdict or failure."""
    out, verdict = console(), outcome.verdict
    if verdict is None:
        head = printed(f"{outcome.path}: ") + Text("failed", style=STYLES["failed"])
        why = printed(f"  {outcome.error}: {outcome.error_message}")
        out.print(head, why, sep="\n", soft_wrap=True)
        return
    out.print(printed(f"{outcome.path}: ") + labelled(verdict), soft_wrap=True)
    out.print(printed(f"  {wording.result(verdict)}"), soft_wrap=True)
    if verdict.coverage:
        out.print(printed(f"  {wording.coverage(verdict)}", "dim"), soft_wrap=True)


def labelled(verdict: StoredVerdict) -> Text:
    """Return a verdict's label and reason in the label's colour."""
    reason = f" ({verdict.reason})" if verdict.reason else ""
    return printed(verdict.label + reason, STYLES.get(verdict.label, ""))


def print_scope(outcomes: Sequence[JobOutcome]) -> None:
    """Print, once for many files, what was examined and how often the detectors err."""
    done = [(o.verdict, o.validations) for o in outcomes if o.verdict is not None]
    if not done:
        return
    out, first = console(), done[0][0]
    out.print(printed(wording.scope(first)), soft_wrap=True)
    label = first.label if len(done) == 1 else None
    lines = (
        line for verdict, validations in done for line in rate_lines(verdict, validations, label)
    )
    for line in {line.plain: line for line in lines}.values():
        out.print(line, soft_wrap=True)


def rate_lines(
    verdict: StoredVerdict, validations: Sequence[OwnValidation], label: str | None
) -> Iterator[Text]:
    """Yield how often each scoring detector erred in validation, and verdicts did on somebody's own files.

    Only the errors that a label (None: any) depends on.
    """
    for name, rates in wording.validated_errors(verdict).items():
        for sentence in wording.error_rates(label, rates):
            yield printed(f"{name}: {sentence}")
    for validation in validations:
        is_same = validation.same_pipeline
        other = "" if is_same else " (other detectors or settings than this verdict's)"
        for sentence in wording.error_rates(label, validation.tally.error_rates):
            yield printed(f"Own files{other}: {sentence}")
