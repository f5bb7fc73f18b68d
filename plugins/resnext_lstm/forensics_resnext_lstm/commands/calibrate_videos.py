"""`forensics resnext-lstm calibrate-videos`: how the scores of videos become evidence, for each detector and for all together."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.errors import UsageError

from .. import NAME
from .leaving_out import pairs_of, score, show, show_choices
from .options import FILE, device_option, settings_of, today, weights_option

if TYPE_CHECKING:
    from forensics.records import MediaKind, Together
    from forensics.weights import WeightsEntry

    from ..evaluation.leave_one_out import Fit, Judged

DIR = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command("calibrate-videos")
@click.option("--videos", type=DIR, multiple=True, required=True, help="Folder of videos; repeat.")
@click.option(
    "--index",
    "indexes",
    type=FILE,
    multiple=True,
    required=True,
    help="CSV of each folder: file, label, source, identity, dataset, method; one for each --videos.",
)
@click.option(
    "--entry",
    "names",
    multiple=True,
    default=(NAME,),
    show_default=True,
    help="Name of the weights; repeat it to fit what several say together.",
)
@weights_option
@click.option(
    "--work",
    type=DIR,
    help="Folder that keeps the scores; a call that was interrupted goes on from there.",
)
@click.option(
    "--by",
    type=click.Choice(["dataset", "method"]),
    default="dataset",
    show_default=True,
    help="What is left out to choose the shares and count errors.",
)
@click.option(
    "--min-face-px",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    help="Smallest face judged.",
)
@click.option(
    "--min-frames",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Shortest track judged.",
)
@click.option("--data", required=True, help="What these videos are, in words.")
@click.option("--write", is_flag=True, help="Write it into the manifest that holds the entries.")
@device_option
@click.pass_context
def calibrate_videos(
    ctx: click.Context,
    videos: tuple[Path, ...],
    indexes: tuple[Path, ...],
    names: tuple[str, ...],
    weights: Path | None,
    work: Path | None,
    by: str,
    min_face_px: int,
    min_frames: int,
    data: str,
    write: bool,
    device: str | None,
) -> None:
    """Fit how scores of whole videos become evidence, on videos that no network learnt from.

    The thresholds flag at most 5 % of the genuine videos, and call at most 5 % of the manipulated ones real, in the fit and
    on sources that were left out of it, which is where the errors that are kept were counted.
    """
    from forensics.weights import get

    from ..evaluation import leave_one_out
    from ..evaluation.calibrate import Validity

    settings = settings_of(ctx, weights, device)
    entries = [get(settings, name) for name in dict.fromkeys(names)]
    scored = score(entries, settings, pairs_of(videos, indexes), work)
    validity = Validity(min_face_px, min_frames)
    stills = {entry.name: entry.calibration for entry in entries}
    usable = leave_one_out.usable(scored, list(stills), validity)
    voices, areas = leave_one_out.chosen_voices(usable, stills, validity, by)
    judged = leave_one_out.leave_out(usable, stills, validity, voices, by)
    fitted = leave_one_out.cautious(leave_one_out.fit(usable, stills, validity, voices), judged)
    judged = leave_one_out.relabelled(judged, fitted)
    show_choices(areas, len(usable), len(scored))
    show(leave_one_out.table(judged))
    tell_thresholds(fitted)
    if write:
        keep(entries, fitted, judged, data)


def tell_thresholds(fitted: "Fit") -> None:
    """Print the thresholds as ratios, and the shares."""
    if fitted.joint:
        shares = ", ".join(f"{name} {share:.2f}" for name, share in fitted.joint.shares.items())
        click.echo(f"shares: {shares}")
    used = {**fitted.alone, **({"all together": fitted.joint.calibration} if fitted.joint else {})}
    for name, calibration in used.items():
        fake_at, real_at = (10**at for at in (calibration.fake_at, calibration.real_at))
        click.echo(
            f"{name}: fake from {fake_at:.3g}, real to {real_at:.3g}, ratios up to {10**calibration.cap_log10:.3g}"
        )


def keep(
    entries: "Sequence[WeightsEntry]", fitted: "Fit", judged: "Sequence[Judged]", data: str
) -> None:
    """Write the calibrations into the manifest; raises UsageError for an entry that has none for stills, or lies elsewhere."""
    from forensics.weights import put, put_together

    for entry in entries:
        if entry.calibration is None:
            raise UsageError(f"--write: calibrate {entry.name!r} for stills first")
    if len({entry.manifest for entry in entries}) > 1:
        raise UsageError("--write: the entries stand in several manifests")
    kept = []
    for entry in entries:
        calibration = fitted.alone.get(entry.name)
        stills = replace(entry.calibration, kinds=still(), videos=calibration)  # type: ignore[type-var]
        kept.append(replace(entry, calibration=stills))
        put(kept[-1])
    if fitted.joint:
        voting = [entry for entry in kept if entry.name in fitted.alone]
        put_together(entries[0].manifest, together(voting, fitted, judged, data))
    click.echo(f"written to {entries[0].manifest}", err=True)


def still() -> "tuple[MediaKind, ...]":
    """Return the kinds that a calibration on single crops is left with."""
    from forensics.records import MediaKind

    return (MediaKind.STILL,)


def together(
    entries: "Sequence[WeightsEntry]", fitted: "Fit", judged: "Sequence[Judged]", data: str
) -> "Together":
    """Return what the entries say together about videos, with the errors counted on sources left out."""
    from forensics.records import MediaKind, Together

    from ..evaluation.leave_one_out import counted

    joint = fitted.joint
    if joint is None:
        raise UsageError("one detector says nothing together")
    flagged, missed = counted(judged, data, today())
    return Together(
        of=tuple(entry.name for entry in entries),
        weights=tuple(entry.sha256 for entry in entries),
        flagged_real=flagged,
        missed_fake=missed,
        kinds=(MediaKind.VIDEO,),
        shares=tuple(joint.shares[entry.name] for entry in entries),
        calibration=replace(joint.calibration, flagged_real=flagged, missed_fake=missed),
    )
