"""`forensics resnext-lstm train` and `export`: from a recipe to a checkpoint, and from that to weights."""

import os
from pathlib import Path
from typing import Any

import click

from forensics.commands import load_settings

from .options import FILE, FOLDER, device_option, entry_option, today


@click.command()
@click.argument("recipe", type=FILE)
@click.option(
    "--data",
    type=FOLDER,
    multiple=True,
    required=True,
    help="Folder that prepare wrote, or of train.csv and train-*.tar; repeat to mix.",
)
@click.option(
    "--work", type=FOLDER, required=True, help="Folder of checkpoints; a run resumes there."
)
@click.option("--teacher", type=FILE, help="Training checkpoint to distil from.")
@click.option("--start", type=FILE, help="Weights to start the trunk from, in the recipe's place.")
@click.option("--after", type=FILE, help="Checkpoint of a run, or weights, to begin after.")
@click.option("--compile", "compiled", is_flag=True, help="Compile the trunk: 1.3 times as fast.")
@click.option(
    "--workers",
    type=click.IntRange(0),
    help="Processes that prepare batches; otherwise 1, or with a GPU one a core.",
)
@device_option
@click.pass_context
def train(
    ctx: click.Context,
    recipe: Path,
    data: tuple[Path, ...],
    work: Path,
    teacher: Path | None,
    start: Path | None,
    after: Path | None,
    compiled: bool,
    workers: int | None,
    device: str | None,
) -> None:
    """Train from RECIPE, or go on where the work folder's checkpoint stands."""
    import torch

    from ..device import choose
    from ..training.progress import following, stop_asked
    from ..training.recipe import read_recipe
    from ..training.train import Run, Trainer

    place = choose(load_settings(ctx, device=device))
    if workers is None:
        workers = 1 if place.device.type == "cpu" else max(len(os.sched_getaffinity(0)) - 1, 1)
    run = Run(
        data,
        work,
        teacher,
        start,
        after,
        place.device.type,
        workers,
        compiled=compiled,
        fast_bfloat16=place.number is not torch.float32,
    )
    with following(click.echo) as (report, follow):
        trainer = Trainer(read_recipe(recipe), run, report, follow)
        with stop_asked() as stop:
            trainer.fit(stop=stop)
    if not trainer.is_done:
        click.echo(f"stopped at {trainer.place}; the same command goes on from there", err=True)
        ctx.exit(1)


@click.command()
@click.argument("checkpoint", type=FILE)
@click.option(
    "--recipe", type=FILE, help="The recipe it was made by, where it does not say so itself."
)
@entry_option
@click.option("--weights", type=FOLDER, required=True, help="Folder to write into.")
@click.option("--licence", default="research terms of the training data", show_default=True)
@click.option("--permitted-use", default="research only", show_default=True)
@click.option("--data", multiple=True, required=True, help="What it was trained on; repeat.")
@click.option("--scale", type=float, default=0.82, show_default=True, help="Crop side / face box.")
@click.option("--shift", type=float, default=0.10, show_default=True, help="Crop centre's offset.")
@click.option("--frames", type=int, default=20, show_default=True, help="Sequence length.")
@click.option("--mirrored", is_flag=True, help="Look at every crop mirrored as well.")
@click.option(
    "--blend",
    type=FILE,
    help="Weights to mix in, those that the run began after, say; the LSTM is theirs.",
)
@click.option(
    "--share",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="The checkpoint's share of a mixture.",
)
def export(checkpoint: Path, recipe: Path | None, entry: str, weights: Path, **terms: Any) -> None:
    """Turn a training CHECKPOINT into weights and a manifest entry of status provisional."""
    from ..training.export import Terms, write
    from ..training.recipe import read_recipe

    given = read_recipe(recipe) if recipe else None
    made = write(checkpoint, given, entry, weights, Terms(**terms, date=today()))
    click.echo(f"{made.path}  {made.sha256}")
    click.echo(f"{made.manifest}: entry {made.name!r}, status {made.status}")
