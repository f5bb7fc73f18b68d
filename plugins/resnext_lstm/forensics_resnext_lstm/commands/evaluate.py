"""`forensics resnext-lstm evaluate`: measure weights on data with known truth."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import click

from .options import (
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

    from ..device import choose
    from ..evaluate import measure, score_index, thresholds_of, told

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
