"""`forensics resnext-lstm calibrate`: how scores become evidence."""

from dataclasses import replace
from pathlib import Path

import click

from forensics.errors import UsageError

from .options import (
    FILE,
    device_option,
    entry_option,
    faces_option,
    index_option,
    numbers,
    settings_of,
    today,
    weights_option,
)


@click.command()
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
@click.option(
    "--min-frames", type=int, default=8, show_default=True, help="Shortest track judged in a video."
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
    min_frames: int,
    data: str,
    write: bool,
    device: str | None,
) -> None:
    """Fit how scores become evidence, on crops that were held out of training; its thresholds hold in each part."""
    from forensics.weights import get, put

    from ..data import read_index
    from ..device import choose
    from ..evaluation.calibrate import Validity, as_toml, counted, fit
    from ..evaluation.drift import drift
    from ..scoring import scored
    from ..training.lineage import all_names_of, check_apart, check_unseen

    if write and test_index is None:
        raise UsageError(
            "--write needs --test-index: errors counted on the crops that set the thresholds are too good"
        )
    settings = settings_of(ctx, weights, device)
    used, place = get(settings, entry), choose(settings).device
    fit_on = [crop for crop in read_index(index, faces) if crop.part in parts]
    count_on = read_index(test_index, test_faces) if test_index else []
    check_unseen(all_names_of(fit_on), frozenset(used.learnt), "calibrated on; choose --parts")
    check_unseen(all_names_of(count_on), frozenset(used.learnt), "counted on")
    check_apart(fit_on, count_on)
    fitted = scored(used, place, fit_on)
    validity = Validity(min_face_px, min_frames)
    moved = drift(used, fitted.crops)
    calibration = fit(fitted.labels, fitted.scores, validity, moved, fitted.parts)
    test = scored(used, place, count_on) if count_on else fitted
    calibration = counted(calibration, test.labels, test.scores, data, today(), test.parts)
    click.echo(as_toml(calibration))
    if write:
        put(replace(used, calibration=calibration))
        click.echo(f"written to {used.manifest}", err=True)
