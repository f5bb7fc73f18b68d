"""How far a long command is: a bar on a terminal, lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from forensics.commands import console, printed

if TYPE_CHECKING:
    from ..evaluation.cases import Progress

EVERY = 512  # crops between two lines of progress


@contextmanager
def progress() -> "Iterator[Progress]":
    """Give what is told how far it is: a bar on a terminal, now and then a line elsewhere, both on stderr."""
    if not console(stderr=True).is_terminal:
        yield say
        return
    from rich import progress as bars
    from rich.markup import escape

    with bars.Progress(console=console(stderr=True), transient=True) as bar:
        line = bar.add_task("")
        yield lambda done, of, what: bar.update(
            line, completed=done, total=of, description=escape(str(printed(what)))
        )


def say(done: int, of: int, what: str) -> None:
    """Print a line for each video, and for every few hundred crops."""
    if what and (what != "crops" or done % EVERY == 0):
        click.echo(f"{done}/{of} {printed(what)}", err=True)
