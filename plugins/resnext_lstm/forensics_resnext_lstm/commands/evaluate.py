"""`forensics resnext-lstm evaluate`: measure weights on data with known truth."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.commands import print_table
from forensics.errors import UsageError

from .. import NAME
from .leaving_out import show_sources
from .options import FILE, device_option, numbers, settings_of, today, weights_option
from .progress import progress

if TYPE_CHECKING:
    from ..evaluation.report import Report


@click.command()
@click.option("--faces", type=FILE, multiple=True, help="Tar archive of face crops; repeat.")
@click.option(
    "--videos",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of videos, measured as they are served.",
)
@click.option(
    "--index",
    type=FILE,
    required=True,
    help="CSV: file, label, original, part of crops; file, label, source of videos. Also read: identity, dataset, method.",
)
@click.option(
    "--entry",
    "names",
    multiple=True,
    default=(NAME,),
    show_default=True,
    help="Name of the weights; repeat it to measure what several say together.",
)
@weights_option
@click.option("--parts", metavar="N,N,..", callback=numbers, help="Only these parts, e.g. 1,16,31.")
@click.option(
    "--by",
    type=click.Choice(["people", "original", "part"]),
    default="people",
    show_default=True,
    help="What is resampled whole.",
)
@click.option("--robustness", is_flag=True, help="On worse material too: some ten times as long.")
@device_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write ROC, scores and reliability as a PNG.",
)
@click.option(
    "--write",
    is_flag=True,
    help="Keep the figures in the manifest that holds the entry; of several, their errors together.",
)
@click.option("--data", help="What it is measured on, in words; for --write of several.")
@click.option(
    "--leave-one-out",
    "left_out",
    type=click.Choice(["dataset", "method"]),
    help="Judge each source of --videos by a calibration that is fitted on the other ones.",
)
@click.pass_context
def evaluate(
    ctx: click.Context,
    faces: tuple[Path, ...],
    videos: Path | None,
    index: Path,
    names: tuple[str, ...],
    weights: Path | None,
    parts: tuple[int, ...] | None,
    by: str,
    robustness: bool,
    device: str | None,
    as_json: bool,
    page: Path | None,
    write: bool,
    data: str | None,
    left_out: str | None,
) -> None:
    """Measure weights on labelled face crops or videos; intervals are 95 %, by resampling connected people whole."""
    if bool(faces) == (videos is not None):
        raise UsageError("give --faces ARCHIVE.tar for crops or --videos DIR, one of the two")
    if videos is not None and (parts is not None or by == "part"):
        raise UsageError("--parts and --by part are of crops: an index of videos has no parts")
    if len(names) > 1 and write and (videos is not None or not data):
        raise UsageError(
            "--write of several --entry is of --faces, and needs --data: what they are, in words"
        )
    if left_out and (videos is None or write or robustness or as_json or page):
        raise UsageError("--leave-one-out is of --videos, and takes no other kind of output")
    from forensics.weights import get, put, put_together

    from ..evaluation import report as reports
    from ..evaluation.joint_errors import calibration_of, check_kept, errors_together
    from ..evaluation.report_page import check_page, write_page
    from ..evaluation.runner import Crops, Videos, served

    if page:
        check_page(page)
    settings = settings_of(ctx, weights, device)
    kept = [get(settings, name) for name in dict.fromkeys(names)]
    if left_out and videos is not None:
        show_sources(settings, kept, [(videos, index)], left_out)
        return
    used = [served(entry, settings) for entry in kept]
    calibration = used[0].calibration if len(used) == 1 else calibration_of(used)
    source = (
        Videos(used, settings, index, videos)
        if videos
        else Crops(used, settings, index, faces, parts)
    )
    if write and len(kept) > 1:
        check_kept(kept, source.unit, settings.policy)
    seen = source.learnt_from
    if seen and write:
        raise UsageError(f"--write: {seen}; measure on others, or leave --write out")
    with progress() as tell:
        measured = source.measure(robustness, tell)
    entry, sha256 = " + ".join(e.name for e in used), " + ".join(e.sha256 for e in used)
    subject = reports.Subject(
        entry, sha256, index.name, by, source.unit, measured.untrained, calibration
    )
    found = reports.reported(subject, measured)
    if seen:
        found = replace(found, notes=(f"{seen}: these figures are too good.", *found.notes))
    if as_json:
        click.echo(json.dumps(reports.as_json(found)))
    else:
        show(found)
    if page:
        write_page(page, found, measured.trials)
        click.echo(f"written to {page}", err=True)
    if write and len(kept) > 1:
        put_together(kept[0].manifest, errors_together(kept, measured.trials, str(data), today()))
    elif write:
        put(replace(kept[0], figures=reports.kept(found, today())))


def show(found: "Report") -> None:
    """Print a report as tables."""
    from ..evaluation import report_text as text

    click.echo(text.headline(found))
    for note in found.notes:
        click.echo(f"Note: {note}")
    for table in text.tables(found):
        click.echo(f"\n{table.title}")
        print_table(table.columns, table.rows)
