"""What several commands share: settings, the database, and the three forms of output.

rich is imported by what prints with it: a script that asks for JSON does not wait for it.
"""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy import Engine

from .. import settings as settings_module
from ..escaping import csv_cell, printable
from ..settings import Settings
from ..store import migrate
from ..store.database import connect, masked
from . import uncollected

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
PIPE_WIDTH = 160
STYLES = {
    "fake": "bold red",
    "real": "green",
    "inconclusive": "yellow",
    "failed": "magenta",
    "ok": "green",
    "broken": "red",
}


def load_settings(ctx: click.Context, **flags: Any) -> Settings:
    """Return the settings with this call's flags; those that are None are not set."""
    given: dict[str, Any] = ctx.find_root().obj
    flags.setdefault("database_url", given["database_url"])
    return settings_module.load(given["config"], flags=flags)


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


def console(*, stderr: bool = False) -> "Console":
    """Return a console: as wide as the terminal, or wide enough for a pipe."""
    from rich.console import Console

    out = Console(stderr=stderr, highlight=False)
    return out if out.is_terminal else Console(stderr=stderr, highlight=False, width=PIPE_WIDTH)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; labels and states have their colours."""
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(cell_of(cell) for cell in row))
    console().print(table)


def cell_of(cell: Any) -> "Text":
    """Return a table's cell; text is data, never markup."""
    text = "" if cell is None else f"{cell:.2f}" if isinstance(cell, float) else str(cell)
    shown = printed(text, STYLES.get(text, ""))
    shown.overflow = "fold"
    return shown


def printed(text: str, style: str = "") -> "Text":
    """Return text from files, detectors or the database with its control characters escaped, newlines excepted.

    A terminal acts on them: what was analysed could rewrite what is said of it.
    """
    from rich.text import Text

    return Text(printable(text), style=style)
