"""`forensics resnext-lstm import-checkpoint`: the original system's checkpoints, for comparison."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.commands import load_settings
from forensics.errors import UsageError

from .options import FILE, FOLDER, today

if TYPE_CHECKING:
    from ..original.network import Pooling


@click.command("import-checkpoint")
@click.argument("old", metavar="OLD.pt", type=FILE)
@click.option("--entry", default="original", show_default=True, help="Name of the new weights.")
@click.option(
    "--weights", type=FOLDER, help="Folder to write into; otherwise that of FORENSICS_WEIGHTS."
)
@click.option(
    "--pooling",
    type=click.Choice(["last", "mean"]),
    default="last",
    show_default=True,
    help="Judge by the last frame, as it was served, or by all, as it was trained.",
)
@click.option("--replace", "replaced", is_flag=True, help="Take the place of an earlier import.")
@click.pass_context
def import_checkpoint(
    ctx: click.Context,
    old: Path,
    entry: str,
    weights: Path | None,
    pooling: "Pooling",
    replaced: bool,
) -> None:
    """Turn a checkpoint of the original system into weights, for comparison: they score, and never vote."""
    configured = "" if weights else load_settings(ctx).weights
    folder = weights or (Path(configured).expanduser() if configured else None)
    if folder is None:
        raise UsageError("no folder to write into: give --weights FOLDER, or set FORENSICS_WEIGHTS")
    from ..original.importing import Import, write

    made = write(Import(old, folder, entry, pooling, today(), replaced))
    click.echo(f"{made.path}  {made.sha256}")
    click.echo(f"{made.manifest}: entry {made.name!r}, layout {made.layout}, pooling {pooling}")
    click.echo(f"Trained on: {', '.join(made.data)}")
    scan = ["forensics", "scan", "--weights", str(folder), "--detector", made.name]
    click.echo(f"Next: {shlex.join(scan)} FILE")
    click.echo(f"Or with the frames it used to see: add --sampling first --frames {made.frames}")
