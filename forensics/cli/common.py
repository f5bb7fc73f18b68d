"""What our own commands share: the database, JSON, CSV, and what `forensics.commands` gives to every command."""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from sqlalchemy import Engine

from ..commands import STYLES as STYLES
from ..commands import console as console
from ..commands import load_settings as load_settings
from ..commands import print_table as print_table
from ..commands import printed as printed
from ..escaping import csv_cell
from ..settings import Settings
from ..store import migrate
from ..store.database import connect, masked
from . import uncollected

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def open_database(settings: Settings, *, may_upgrade: bool = False) -> Engine:
    """Connect, and see to it that the schema is the one this program works with."""
    with uncollected():
        engine = connect(settings.database_url)
        migrate.ensure(engine, may_upgrade=may_upgrade)
    return engine


def say_empty(settings: Settings, what: str) -> None:
    """Say on stderr that nothing was found, and in which database."""
    click.echo(f"{what} in {masked(settings.database_url)}", err=True)


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON object a line, at once."""
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=True, default=str))


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print CSV in which no cell can be taken for a formula by a spreadsheet."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([csv_cell(cell) for cell in row])
