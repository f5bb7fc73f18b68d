"""Verdicts as people read them on a terminal. The sentences come from `wording`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from ..report import wording
from .common import STYLES, console, printed

Plain = Mapping[str, Any]


def print_outcome(outcome: Plain) -> None:
    """Print one file's verdict or failure."""
    out = console()
    if outcome["state"] == "failed":
        head = printed(f"{outcome['path']}: ") + Text("failed", style=STYLES["failed"])
        why = printed(f"  {outcome['error']}: {outcome['error_message']}")
        out.print(head, why, sep="\n", soft_wrap=True)
        return
    label = outcome["label"]
    reason = f" ({outcome['reason']})" if outcome["reason"] else ""
    head = printed(f"{outcome['path']}: ") + printed(label + reason, STYLES.get(label, ""))
    out.print(head, soft_wrap=True)
    out.print(printed(f"  {wording.result(outcome)}"), soft_wrap=True)
    if outcome["coverage"]:
        out.print(printed(f"  {wording.coverage(outcome)}", "dim"), soft_wrap=True)


def print_scope(outcomes: Sequence[Plain]) -> None:
    """Print, once for many files, what was examined and how often the detectors err."""
    done = [outcome for outcome in outcomes if outcome["state"] == "done"]
    if not done:
        return
    out = console()
    out.print(printed(wording.scope(done[0])), soft_wrap=True)
    label = done[0]["label"] if len(done) == 1 else None
    lines = (line for outcome in done for line in rate_lines(outcome, label))
    for line in {line.plain: line for line in lines}.values():
        out.print(line, soft_wrap=True)


def rate_lines(outcome: Plain, label: str | None) -> Iterator[Text]:
    """Yield how often each scoring detector erred in validation, and verdicts did on somebody's own files.

    Only the errors that a label (None: any) depends on.
    """
    for name, rates in wording.validated_errors(outcome).items():
        for sentence in wording.error_rates(label, rates):
            yield printed(f"{name}: {sentence}")
    for own in outcome["validations"]:
        other = "" if own["same_pipeline"] else " (other detectors or settings than this verdict's)"
        for sentence in wording.error_rates(label, own):
            yield printed(f"Own files{other}: {sentence}")
