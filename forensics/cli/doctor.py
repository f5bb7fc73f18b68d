"""`forensics doctor`: what is installed and whether it is in order."""

from collections.abc import Iterable

import click
from rich.text import Text

from ..diagnostics.doctor import Checked, examine
from .common import STYLES, console, json_option, load_settings, print_json, printed


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Look at packages, plugins, device, weights, database, folders and limits; exit 1 when something needs doing.

    Nothing is changed, and no database is made.
    """
    checks = []
    for checked in examine(load_settings(ctx)):
        checks.append(checked)
        if as_json:
            print_json([checked.plain()])
        else:
            print_checked(checked)
    if not as_json:
        click.echo(summary(checks))
    ctx.exit(0 if all(checked.is_ok for checked in checks) else 1)


def print_checked(checked: Checked) -> None:
    """Print one line, and below it the next command where there is one."""
    mark = Text("ok  ", STYLES["ok"]) if checked.is_ok else Text("!!  ", STYLES["broken"])
    line = mark + printed(f"{checked.area:<10} {checked.what}: {checked.state}")
    console().print(line, soft_wrap=True)
    if not checked.is_ok:
        console().print(printed(f"    -> {checked.advice}"), soft_wrap=True)


def summary(checks: Iterable[Checked]) -> str:
    """Return the last line."""
    wrong = sum(not checked.is_ok for checked in checks)
    return f"{wrong} to do" if wrong else "all in order"
