"""`forensics weights`: what the detectors judge by."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from .. import settings
from .. import weights as found_weights
from ..analysis.fusion import MIN_DECODED_SHARE, under
from ..errors import WeightsError
from ..records import AIMS, Calibration, Crowd, ErrorRate, Policy, Thresholds
from ..weights import WeightsEntry, manifest
from .common import json_option, load_settings, print_json, print_table

COLUMNS = ("name", "status", "trunk", "date", "AUC", "sha256", "file")


@click.group()
def weights() -> None:
    """List, verify and add weights."""


@weights.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the weights that detectors would use, with what was measured and what they may be used for."""
    used = load_settings(ctx)
    entries = found_weights.find(used)
    if as_json:
        print_json({**manifest.as_table(entry), "path": str(entry.path)} for entry in entries)
        return
    if not entries:
        click.echo("no weights; 'pip install forensics-weights' or set FORENSICS_WEIGHTS", err=True)
        return
    print_table(COLUMNS, (row(entry) for entry in entries))
    for entry in entries:
        click.echo(f"{entry.name}: {'; '.join(policies(entry.calibration))}.")
    for joint in found_weights.together(used, {entry.name: entry.sha256 for entry in entries}):
        what = f"their verdict under {Policy.TRIAGE}, of files of one face"
        click.echo(
            f"{' + '.join(joint.of)}: {what} {misjudged(joint.flagged_real, joint.missed_fake)}."
        )
    click.echo(f"All weights: {'; '.join(of_all())}.")
    for use in sorted({f"{entry.name}: {entry.permitted_use}" for entry in entries}):
        click.echo(f"Permitted use of {use}")


@weights.command()
@json_option
@click.pass_context
def verify(ctx: click.Context, as_json: bool) -> None:
    """Compare every file with the hash in its manifest; exit 1 when one differs."""
    wrong = 0
    for entry in found_weights.find(load_settings(ctx)):
        error = fault(entry)
        wrong += error is not None
        if as_json:
            print_json([{**named(entry), "ok": error is None, "error": error}])
        elif error is None:
            click.echo(f"{entry.path}: ok")
        else:
            click.echo(f"Error: {error}", err=True)
    ctx.exit(1 if wrong else 0)


@weights.command()
@json_option
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("target", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.pass_context
def add(ctx: click.Context, source: Path, target: Path | None, as_json: bool) -> None:
    """Copy the weights of a folder with a manifest into your own weights folder, after verifying them.

    TARGET is the folder of the setting 'weights', or the one in your data folder.
    """
    configured = load_settings(ctx).weights
    target = target or (Path(configured) if configured else settings.data_dir() / "weights")
    target.mkdir(parents=True, exist_ok=True)
    given = manifest.read(source / manifest.FILE_NAME)
    for entry in given.entries:
        found_weights.verify(entry)
        shutil.copyfile(entry.path, target / entry.file)
        added = replace(entry, manifest=target / manifest.FILE_NAME)
        manifest.put(added)
        if as_json:
            print_json([named(added)])
        else:
            click.echo(f"{entry.name}: added to {target}")
    for joint in given.together:
        manifest.put_together(target / manifest.FILE_NAME, joint)
    if not configured:
        click.echo(f"To use them: export FORENSICS_WEIGHTS={target}", err=as_json)


def fault(entry: WeightsEntry) -> str | None:
    """Return why a file is not the one in its manifest; None when it is."""
    try:
        found_weights.verify(entry)
    except WeightsError as error:
        return str(error)
    return None


def named(entry: WeightsEntry) -> dict[str, str]:
    """Return which weights are meant, under the names that `list --json` has for it."""
    return {
        "name": entry.name,
        "file": entry.file,
        "path": str(entry.path),
        "sha256": entry.sha256,
    }


def policies(calibration: Calibration | None) -> Iterator[str]:
    """Yield what a calibration is valid for, its drift, and its thresholds and errors under each policy."""
    if calibration is None:
        yield "no calibration, so it scores and never votes"
        return
    kinds = " and ".join(f"{kind}s" for kind in calibration.kinds)
    yield (
        f"judges {kinds}, faces from {calibration.min_face_px} px, in a video from "
        f"{calibration.min_frames} sampled frames; LR up to {10**calibration.cap_log10:.0f}"
    )
    yield f"drift between number types {drift(calibration)}"
    for policy in Policy:
        at = under(calibration, policy)
        yield f"{policy} {thresholds(at)}" if at else f"{policy} not established"
    if calibration.crowds:
        yield several(calibration.crowds)


def several(crowds: Sequence[Crowd]) -> str:
    """Return how often the thresholds of triage for files of several faces were wrong in validation."""
    rates = [f"{crowd.faces} faces {wrong(crowd.at)}" for crowd in crowds]
    return f"triage of files with up to {', '.join(rates)}; with more nothing is decided"


def wrong(at: Thresholds | None) -> str:
    """Return the errors at thresholds as counts of real and of manipulated files."""
    if at is None or at.flagged_real is None or at.missed_fake is None:
        return "not established"
    return misjudged(at.flagged_real, at.missed_fake)


def misjudged(real: ErrorRate, fake: ErrorRate) -> str:
    """Return the numbers of real and of manipulated files, and of those judged the other way."""
    return (
        f"({real.wrong} of {real.files} real, {fake.wrong} of {fake.files} manipulated ones wrong)"
    )


def drift(calibration: Calibration) -> str:
    """Return how far the types of number that devices compute in may move a ratio."""
    log10_factor = calibration.drift_log10
    return "not measured" if log10_factor is None else f"up to a factor of {10**log10_factor:.2f}"


def of_all() -> Iterator[str]:
    """Yield what holds whatever the weights: how much of a file must be seen, and what each policy aims at."""
    least = percent(MIN_DECODED_SHARE)
    yield f"inconclusive where decoding errors leave under {least} of the frames asked for"
    for policy, aim in AIMS.items():
        flagged, missed = percent(aim.flagged_real), percent(aim.missed_fake)
        yield f"{policy} aims at {flagged} of real files flagged and {missed} of fakes called real, at most"


def percent(share: float) -> str:
    """Return a share in whole percent."""
    return f"{100 * share:.0f} %"


def thresholds(calibration: Calibration) -> str:
    """Return the ratios at which fake and real are said, and how often that was wrong in validation."""
    fake = f"fake from LR {10**calibration.fake_at:.2g}{errors(calibration.flagged_real, 'real')}"
    return f"{fake}, real to LR {10**calibration.real_at:.2g}{errors(calibration.missed_fake, 'manipulated')}"


def errors(rate: ErrorRate | None, truth: str) -> str:
    """Return an error rate in counts."""
    return f" ({rate.wrong} of {rate.files} {truth} {rate.unit} wrong)" if rate else ""


def row(entry: WeightsEntry) -> tuple[object, ...]:
    """Return an entry as a line of the table."""
    auc = entry.figures.get("auc")
    shown = f"{auc['value']:.3f}" if isinstance(auc, dict) and "value" in auc else ""
    return (
        entry.name,
        entry.status.value,
        entry.trunk,
        entry.date,
        shown,
        entry.sha256[:12],
        str(entry.path),
    )
