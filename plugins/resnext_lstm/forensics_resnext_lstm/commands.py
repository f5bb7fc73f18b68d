"""The command group `forensics resnext-lstm`: train, export, calibrate, evaluate, import. Heavy imports are inside."""

import json
import shlex
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.common import load_settings
from forensics.errors import UsageError

from . import NAME

if TYPE_CHECKING:
    from forensics.settings import Settings

    from .original import Pooling

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


def numbers(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    """Read whole numbers with commas between them."""
    try:
        return None if value is None else tuple(int(part) for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no list of whole numbers") from error


faces_option = click.option(
    "--faces", type=FILE, multiple=True, required=True, help="Tar archive of face crops; repeat."
)
index_option = click.option(
    "--index", type=FILE, required=True, help="CSV with the columns file, label, original, part."
)
entry_option = click.option("--entry", default=NAME, show_default=True, help="Name of the weights.")
weights_option = click.option("--weights", type=FOLDER, help="Folder with a manifest.toml.")
device_option = click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]))


@click.group("resnext-lstm")
def group() -> None:
    """Train, export, calibrate and measure the face-sequence detectors; import the original's checkpoints."""


@group.command()
@click.argument("recipe", type=FILE)
@click.option("--data", type=FOLDER, required=True, help="Folder of train.csv and train-*.tar.")
@click.option(
    "--work", type=FOLDER, required=True, help="Folder of checkpoints; a run resumes there."
)
@click.option("--teacher", type=FILE, help="Training checkpoint to distil from.")
@click.option("--start", type=FILE, help="Weights to start the trunk from, in the recipe's place.")
@click.option("--after", type=FILE, help="Checkpoint of a run, or weights, to begin after.")
@click.option("--compile", "compiled", is_flag=True, help="Compile the trunk: 1.3 times as fast.")
@device_option
@click.pass_context
def train(
    ctx: click.Context,
    recipe: Path,
    data: Path,
    work: Path,
    teacher: Path | None,
    start: Path | None,
    after: Path | None,
    compiled: bool,
    device: str | None,
) -> None:
    """Train from RECIPE, or go on where the work folder's checkpoint stands."""
    from .device import choose
    from .recipe import read_recipe
    from .train import Run, Trainer

    place = choose(load_settings(ctx, device=device)).device.type
    run = Run(data, work, teacher, start, after, place, compiled=compiled)
    Trainer(read_recipe(recipe), run, click.echo).fit()


@group.command()
@click.argument("checkpoint", type=FILE)
@click.option("--recipe", type=FILE, required=True, help="The recipe it was trained from.")
@entry_option
@click.option("--weights", type=FOLDER, required=True, help="Folder to write into.")
@click.option("--licence", default="research terms of the training data", show_default=True)
@click.option("--permitted-use", default="research only", show_default=True)
@click.option("--data", multiple=True, required=True, help="What it was trained on; repeat.")
@click.option("--scale", type=float, default=0.82, show_default=True, help="Crop side / face box.")
@click.option("--shift", type=float, default=0.10, show_default=True, help="Crop centre's offset.")
@click.option("--frames", type=int, default=20, show_default=True, help="Sequence length.")
def export(checkpoint: Path, recipe: Path, entry: str, weights: Path, **terms: Any) -> None:
    """Turn a training CHECKPOINT into weights and a manifest entry of status provisional."""
    from .export import Terms, write
    from .recipe import read_recipe

    made = write(checkpoint, read_recipe(recipe), entry, weights, Terms(**terms, date=today()))
    click.echo(f"{made.path}  {made.sha256}")
    click.echo(f"{made.manifest}: entry {made.name!r}, status {made.status}")


@group.command()
@faces_option
@index_option
@entry_option
@weights_option
@click.option("--parts", metavar="N,N,..", callback=numbers, help="Only these parts, e.g. 1,16,31.")
@click.option(
    "--by", type=click.Choice(["original", "part"]), default="original", show_default=True
)
@device_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--write", is_flag=True, help="Keep the figures in the manifest that holds the entry."
)
@click.pass_context
def evaluate(
    ctx: click.Context,
    faces: tuple[Path, ...],
    index: Path,
    entry: str,
    weights: Path | None,
    parts: tuple[int, ...] | None,
    by: str,
    device: str | None,
    as_json: bool,
    write: bool,
) -> None:
    """Measure weights on labelled face crops; intervals are 95 %, by resampling source videos or parts."""
    from forensics.weights import get, put

    from .device import choose
    from .evaluate import measure, score_index, thresholds_of, told

    settings = settings_of(ctx, weights, device)
    used = get(settings, entry)
    scored = score_index(used, choose(settings).device, index, faces, parts)
    clusters = [getattr(crop, by) for crop in scored.crops]
    figures = measure(scored.labels, scored.scores, clusters, thresholds_of(used.calibration))
    about = {"entry": entry, "weights": used.sha256, "index": index.name, "by": by}
    click.echo(json.dumps(about | asdict(figures)) if as_json else told(figures, by))
    if write:
        kept = {"index": index.name, "by": by, "date": today(), **asdict(figures)}
        put(replace(used, figures=kept))


@group.command()
@faces_option
@index_option
@entry_option
@weights_option
@click.option(
    "--parts",
    metavar="N,N,..",
    callback=numbers,
    default="47,48,49",
    show_default=True,
    help="Fit on these.",
)
@click.option("--test-faces", type=FILE, multiple=True, help="Archives to count errors on; repeat.")
@click.option(
    "--test-index",
    type=FILE,
    help="Their index. Without it errors are counted where fitted, and nothing can be written.",
)
@click.option(
    "--min-face-px", type=int, default=64, show_default=True, help="Smallest face judged."
)
@click.option("--data", required=True, help="What the errors are counted on, in words.")
@click.option("--write", is_flag=True, help="Write it into the manifest that holds the entry.")
@device_option
@click.pass_context
def calibrate(
    ctx: click.Context,
    faces: tuple[Path, ...],
    index: Path,
    entry: str,
    weights: Path | None,
    parts: tuple[int, ...],
    test_faces: tuple[Path, ...],
    test_index: Path | None,
    min_face_px: int,
    data: str,
    write: bool,
    device: str | None,
) -> None:
    """Fit how scores become evidence, on crops that were held out of training."""
    from forensics.weights import get, put

    from .calibrate import Validity, as_toml, counted, fit
    from .device import choose
    from .evaluate import score_index

    if write and test_index is None:
        raise UsageError(
            "--write needs --test-index: errors counted on the crops that set the thresholds are too good"
        )
    settings = settings_of(ctx, weights, device)
    used, place = get(settings, entry), choose(settings).device
    fitted_on = score_index(used, place, index, faces, parts)
    calibration = fit(fitted_on.labels, fitted_on.scores, Validity(min_face_px))
    test = score_index(used, place, test_index, test_faces) if test_index else fitted_on
    calibration = counted(calibration, test.labels, test.scores, data, today())
    click.echo(as_toml(calibration))
    if write:
        put(replace(used, calibration=calibration))
        click.echo(f"written to {used.manifest}", err=True)


@group.command("import-checkpoint")
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
    from .original_import import Import, write

    made = write(Import(old, folder, entry, pooling, today(), replaced))
    click.echo(f"{made.path}  {made.sha256}")
    click.echo(f"{made.manifest}: entry {made.name!r}, layout {made.layout}, pooling {pooling}")
    click.echo(f"Trained on: {', '.join(made.data)}")
    scan = ["forensics", "scan", "--weights", str(folder), "--detector", made.name]
    click.echo(f"Next: {shlex.join(scan)} FILE")
    click.echo(f"Or with the frames it used to see: add --sampling first --frames {made.frames}")


def settings_of(ctx: click.Context, weights: Path | None, device: str | None) -> "Settings":
    """Return the settings with this call's folder of weights and device."""
    return load_settings(ctx, weights=str(weights) if weights else None, device=device)


def today() -> str:
    """Return today's date in UTC."""
    return datetime.now(UTC).date().isoformat()
