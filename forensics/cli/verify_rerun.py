"""`forensics verify ID --rerun`: an analysis done again, and its result beside the recorded one."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
from sqlalchemy import Engine

from ..daemon.run import ready_pool
from ..settings import Settings
from ..store.queries.files import held_files
from ..verification import rerun
from ..verification.rerun import Compared
from .common import print_json, print_table
from .lookup import Meant

COLUMNS = ("", "then", "now", "difference", "allowed", "")


def compare_again(engine: Engine, settings: Settings, one: Meant, *, as_json: bool) -> bool:
    """Analyse a verdict's content again as recorded, print both results; returns whether they agree.

    Raises ForensicsError where it can't be done as recorded.
    """
    verdict = one.shown.verdict or {}
    recorded, passage, detectors = rerun.as_recorded(settings, verdict)
    with ready_pool(recorded, detectors) as pool:
        now = rerun.rerun(pool, held_files(engine, one.media_id), passage, verdict)
    pipelines = (found["provenance"]["pipeline"] for found in (verdict, now))
    for difference in rerun.versions(*pipelines):
        click.echo(f"Note: {difference}", err=True)
    rows = rerun.compared(verdict, now)
    tell(rows, one.verdict_id, as_json=as_json)
    return all(row.same for row in rows)


def tell(rows: Sequence[Compared], verdict_id: int, *, as_json: bool) -> None:
    """Print what was compared."""
    if as_json:
        print_json(
            {"what": "compared", "verdict_id": verdict_id, "name": r.what, **body(r)} for r in rows
        )
        return
    print_table(COLUMNS, (as_row(row) for row in rows))
    same = all(row.same for row in rows)
    said = "the same" if same else "different: see the lines above"
    click.echo(f"verdict {verdict_id}, analysed again: {said}; nothing was stored")


def body(row: Compared) -> dict[str, Any]:
    """Return a comparison as JSON values, without its name."""
    told = asdict(row)
    del told["what"]
    return told


def as_row(row: Compared) -> tuple[object, ...]:
    """Return a comparison as a line of the table."""
    numbers = (precise(value) for value in (row.then, row.now, row.difference, row.allowed))
    return (row.what, *numbers, "same" if row.same else "DIFFERENT")


def precise(value: object) -> object:
    """Return a number with the digits in which a drift shows."""
    return f"{value:.4f}" if isinstance(value, float) else value
