"""`forensics resnext-lstm prepare`: from a data set folder to face crops and an index."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.commands import console, load_settings
from forensics.errors import UsageError

from .options import FOLDER, device_option

if TYPE_CHECKING:
    from ..preparing.prepare import Progress

LINES = 20  # at most, where there is no terminal


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.option("--out", type=FOLDER, help="Folder to write into; a call with the same one goes on.")
@click.option(
    "--layout",
    type=click.Choice(["dfdc", "celeb-df", "faceforensics", "csv", "crops"]),
    help="How SOURCE is laid out; otherwise it is found out.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="KEY=PATTERN",
    help="Videos whose label, dataset, method, source, identity, split, part or file is so; repeat.",
)
@click.option("--frames", type=click.IntRange(1), help="Frames sampled from a video.")
@click.option("--workers", type=click.IntRange(1), help="Processes; otherwise one a core.")
@device_option
@click.pass_context
def prepare(
    ctx: click.Context,
    source: Path,
    out: Path | None,
    layout: str | None,
    only: tuple[str, ...],
    frames: int | None,
    workers: int | None,
    device: str | None,
) -> None:
    """Cut the faces out of a data set's videos, or check archives of crops.

    SOURCE is a folder as DFDC, Celeb-DF v2 or FaceForensics++ come, or a CSV of file,label,source, or its folder.
    """
    from ..preparing.layouts import layout_of
    from ..preparing.prepare import Order, check
    from ..preparing.prepare import prepare as run

    cores = len(os.sched_getaffinity(0))
    settings = load_settings(ctx, frames=frames, workers=workers or cores, device=device)
    with following() as follow:
        if layout_of(source, layout).read is None:
            lines = list(check(source, follow))
        elif out is None:
            raise UsageError("no folder to write into: give --out FOLDER")
        else:
            try:
                lines = list(run(Order(source, out, layout, only), settings, follow).told())
            except KeyboardInterrupt:
                raise click.ClickException(
                    f"interrupted; {out} has an index of what is done, and the same command goes on from here"
                ) from None
    for line in lines:
        click.echo(line)


@contextmanager
def following() -> "Iterator[Callable[[Progress], None]]":
    """Give what is told of progress: a bar on a terminal, some lines on stderr otherwise."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    out = console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn())
    with Bar(
        *columns,
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    ) as bar:
        task = bar.add_task("starting", total=None)

        def follow(now: "Progress") -> None:
            bar.update(task, total=now.videos, completed=now.ended, description=now.text[:60])
            if not out.is_terminal and now.ended % max(now.videos // LINES, 1) == 0:
                click.echo(f"{now.ended}/{now.videos}  {now.text}", err=True)

        yield follow
