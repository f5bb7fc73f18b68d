"""What a command shares with others, a plugin's too: the settings in force, and tables on a terminal.

rich is imported by what prints with it: a script that asks for JSON does not wait for it.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from . import settings as settings_module
from .escaping import visible
from .settings import Settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

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


def console(*, stderr: bool = False) -> "Console":
    """Return a console: as wide as the terminal, or wide enough for a pipe."""
    from rich.console import Console

    terminal = Console(stderr=stderr, highlight=False)
    if terminal.is_terminal:
        return terminal
    return Console(stderr=stderr, highlight=False, width=PIPE_WIDTH)


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
    content = printed(text, STYLES.get(text, ""))
    content.overflow = "fold"
    return content


def printed(text: str, style: str = "") -> "Text":
    """Return text from files, detectors or the database with its control characters escaped, newlines excepted.

    A terminal acts on them: what was analysed could rewrite what is said of it.
    """
    from rich.text import Text

    return Text(visible(text, kept="\n"), style=style)
