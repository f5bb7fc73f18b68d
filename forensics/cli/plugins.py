"""`forensics plugins`: what is installed, whether it works, and the beginning of a new one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from .. import plugins as found_plugins
from ..plugins.probe import statuses
from .common import json_option, load_settings, print_json, print_table

COLUMNS = ("name", "state", "version", "distribution", "detectors", "hooks", "licence", "why")
HOOK_PREFIX = "forensics_"
NONE = "no plugin is installed; 'pip install forensics-resnext-lstm' brings the main one"


@click.group()
def plugins() -> None:
    """List, check, switch and begin plugins."""


@plugins.command("list")
@json_option
@click.option("--strict", is_flag=True, help="Exit with 1 when a plugin is broken.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool, strict: bool) -> None:
    """List the installed plugins with their detectors and licences, and what is wrong with those that don't work."""
    rows = statuses(load_settings(ctx))
    if as_json:
        print_json(rows)
    elif rows:
        print_table(COLUMNS, ([*cells(row)] for row in rows))
    else:
        click.echo(NONE, err=True)
    ctx.exit(1 if strict and any(row["state"] == "broken" for row in rows) else 0)


@plugins.command()
@click.argument("name")
def enable(name: str) -> None:
    """Switch a plugin on again."""
    found_plugins.set_enabled(name, True)
    click.echo(f"{name}: enabled")


@plugins.command()
@click.argument("name")
def disable(name: str) -> None:
    """Switch a plugin off; it is not imported any more. A running daemon needs a restart."""
    found_plugins.set_enabled(name, False)
    click.echo(f"{name}: disabled")


@plugins.command()
@click.argument("name")
@click.pass_context
def check(ctx: click.Context, name: str) -> None:
    """Run the conformance kit on an installed plugin; exit with 1 when it fails.

    The same as its author's own test of two lines; needs media-forensics[faces,testing].
    """
    from ..testing.checking import run  # it is for authors, and for nobody else's start

    ctx.exit(run(found_plugins.require(name).name, load_settings(ctx)))


@plugins.command()
@click.argument("name")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    help="Where to write it; otherwise ./forensics-NAME.",
)
def new(name: str, folder: Path | None) -> None:
    """Write a new plugin that works: pyproject.toml, a detector, its test, README and CI file.

    NAME is the detector's: small letters, digits and single hyphens, such as "film-grain".
    """
    from ..plugins import template

    written = template.write(name, folder)
    for path in written.files:
        click.echo(f"  {path}")
    click.echo(
        f"Written to {written.folder}. Next:\n"
        f"  pip install -e '{written.folder}[test]'\n"
        f"  forensics plugins check {name}\n"
        f"  then change {written.detector}"
    )


def cells(row: dict[str, Any]) -> Iterator[object]:
    """Yield a plugin's line of the table; licences are those of its detectors where it has some."""
    for column in COLUMNS:
        cell = row["licences"] or row["licence"] if column == "licence" else row[column]
        joined = "\n".join(cell) if isinstance(cell, list) else cell
        yield joined.replace(HOOK_PREFIX, "") if column == "hooks" else joined
