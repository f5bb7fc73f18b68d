"""`forensics plugins`: what is installed, and whether it works."""

import json
import subprocess
import sys
from dataclasses import asdict
from typing import Any

import click

from .. import plugins as found_plugins
from ..errors import PluginError
from ..settings import Settings
from .common import json_option, load_settings, print_json, print_table


@click.group()
def plugins() -> None:
    """List detectors; switch plugins on and off."""


@plugins.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the installed plugins, their detectors, and what is wrong with those that don't work."""
    rows = probe(load_settings(ctx))
    if as_json:
        print_json(rows)
    elif rows:
        columns = ("name", "state", "detectors", "distribution", "version", "why")
        print_table(
            columns,
            (
                [", ".join(c) if isinstance(c := row[n], list) else c for n in columns]
                for row in rows
            ),
        )
    else:
        click.echo(
            "no plugin is installed; 'pip install forensics-resnext-lstm' brings the main one",
            err=True,
        )


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


def probe(settings: Settings) -> list[dict[str, Any]]:
    """Load the plugins in a process of its own, as a worker would, and return their statuses."""
    command = [sys.executable, "-m", "forensics.probe"]
    request = json.dumps(asdict(settings))
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        command, input=request, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise PluginError(
            f"the probe of the plugins ended with status {done.returncode}:\n{done.stderr.strip()}"
        )
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows
