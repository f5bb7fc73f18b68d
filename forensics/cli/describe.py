"""Verdicts as people read them on a terminal. The sentences come from `wording`."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from .. import wording
from .common import STYLES, console

Plain = Mapping[str, Any]


def print_outcome(outcome: Plain) -> None:
    """Print one file's verdict or failure."""
    out = console()
    if outcome["state"] == "failed":
        head = Text(f"{outcome['path']}: ") + Text("failed", style=STYLES["failed"])
        out.print(
            head,
            Text(f"  {outcome['error']}: {outcome['error_message']}"),
            sep="\n",
            soft_wrap=True,
        )
        return
    label = outcome["label"]
    reason = f" ({outcome['reason']})" if outcome["reason"] else ""
    head = Text(f"{outcome['path']}: ") + Text(label + reason, style=STYLES.get(label, ""))
    out.print(head, soft_wrap=True)
    out.print(Text(f"  {wording.result(outcome)}"), soft_wrap=True)
    if outcome["coverage"]:
        out.print(Text(f"  {wording.coverage(outcome)}", style="dim"), soft_wrap=True)


def print_scope(outcomes: Sequence[Plain]) -> None:
    """Print, once for many files, what was examined and how often the detectors err."""
    done = next((o for o in outcomes if o["state"] == "done"), None)
    if done is None:
        return
    out = console()
    out.print(Text(wording.scope(done)), soft_wrap=True)
    for name, rate in error_rates(done).items():
        out.print(Text(f"{name}: {wording.error_rate(rate)}"), soft_wrap=True)


def error_rates(outcome: Plain) -> dict[str, Plain | None]:
    """Return each scoring detector's false alarms in validation."""
    detectors = outcome["provenance"]["pipeline"]["detectors"]
    return {
        described["name"]: described["calibration"]["flagged_real"]
        for described in detectors
        if described["calibration"]
    }
