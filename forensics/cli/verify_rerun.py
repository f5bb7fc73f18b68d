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


def is_reproduced(engine: Engine, settings: Settings, meant: Meant, *, as_json: bool) -> bool:
    """Analyse a verdict's content again as recorded and print both results; say whether they agree.

    Raises ForensicsError where it can't be done as recorded.
    """
    verdict = meant.verdict
    recorded, passage, detectors = rerun.as_recorded(settings, verdict)
    with ready_pool(recorded, detectors) as pool:
        now = rerun.rerun(pool, held_files(engine, meant.media_id), passage, verdict)
    for difference in rerun.versions(verdict.provenance.pipeline, now.provenance.pipeline):
        click.echo(f"Note: {difference}", err=True)
    rows = rerun.compared(verdict, now)
    tell(rows, meant.verdict_id, as_json=as_json)
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
    outcome = "the same" if same else "different: see the lines above"
    click.echo(f"verdict {verdict_id}, analysed again: {outcome}; nothing was stored")


def body(row: Compared) -> dict[str, Any]:
    """Return a comparison as JSON values, without its name."""
    values = asdict(row)
    del values["what"]
    return values


def as_row(row: Compared) -> tuple[object, ...]:
    """Return a comparison as a line of the table."""
    numbers = (precise(value) for value in (row.then, row.now, row.difference, row.allowed))
    return (row.what, *numbers, "same" if row.same else "DIFFERENT")


def precise(value: object) -> object:
    """Return a number with the digits in which a drift shows."""
    return f"{value:.4f}" if isinstance(value, float) else value
