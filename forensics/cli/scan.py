"""`forensics scan`: analyse files now."""

import os
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from ..daemon import listing
from ..errors import ErrorCode, UsageError
from ..escaping import shown
from ..logs import configure
from ..store.jobs import SeenFile
from ..store.queries import JobOutcome
from ..store.queries.outcomes import EMPTY
from .common import json_option, load_settings, open_database, print_json
from .scan_run import Order, Scan
from .verdict_text import print_outcome, print_scope


@click.command()
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path)
)
@json_option
@click.option("--force", is_flag=True, help="Analyse again what has its verdict already.")
@click.option(
    "--detector",
    "detectors",
    multiple=True,
    metavar="NAME",
    help="Only this detector; may be repeated.",
)
@click.option("--frames", type=click.IntRange(1), help="Frames sampled from a video.")
@click.option(
    "--policy",
    type=click.Choice(["triage", "report"]),
    help="How many errors to accept; see 'forensics weights list'.",
)
@click.option(
    "--sampling",
    type=click.Choice(["runs", "first"]),
    help="Spread over the video in runs, or its first frames.",
)
@click.option(
    "--from", "from_s", type=click.FloatRange(0), metavar="S", help="Start of the passage, seconds."
)
@click.option(
    "--to", "to_s", type=click.FloatRange(0), metavar="S", help="End of the passage, seconds."
)
@click.option(
    "--weights", type=click.Path(exists=True, file_okay=False), help="Folder with a manifest.toml."
)
@click.option("--case", help="File these under a case.")
@click.option("--exhibit", help="The exhibit's name in the case.")
@click.option("--reproducible", is_flag=True, help="CPU, 32-bit floats, one thread.")
@click.pass_context
def scan(
    ctx: click.Context,
    /,
    paths: tuple[Path, ...],
    as_json: bool,
    force: bool,
    detectors: tuple[str, ...],
    case: str | None,
    exhibit: str | None,
    from_s: float | None,
    to_s: float | None,
    **flags: Any,
) -> None:
    """Analyse files, and folders with all below them, and store the verdicts.

    A content that has its verdict already is not analysed again, unless --force is given.

    \b
    Examples:
      forensics scan clip.mp4 interviews/           files and folders
      forensics scan --json clip.mp4 | jq .label    for scripts
      forensics scan --from 60 --to 90 long.mp4     one passage, seconds
    """
    if from_s is not None and to_s is not None and from_s >= to_s:
        raise UsageError(f"--from {from_s:g} --to {to_s:g}: the passage must end after its start")
    flags["reproducible"] = flags["reproducible"] or None
    settings = load_settings(ctx, **flags)
    configure(settings)
    engine = open_database(settings, may_upgrade=True)
    parameters = request(from_s, to_s, force, detectors, flags)
    files, lost = gather(paths)
    failed = 0
    for path, code, why in lost:
        print_lost(path, code, why, as_json)
    if files:
        order = Order(parameters, detectors, case, exhibit, force)
        outcomes: list[JobOutcome] = []
        tell = print_as_json if as_json else partial(print_next, outcomes)
        failed = Scan(engine, settings, order, tell).run(files)
        print_scope(outcomes)
    ctx.exit(1 if lost or failed else 0)


def print_as_json(outcome: JobOutcome) -> None:
    """Print one outcome as a line of JSON."""
    print_json([outcome.plain()])


def print_next(outcomes: list[JobOutcome], outcome: JobOutcome) -> None:
    """Print one outcome for people, and remember it for what is printed once at the end."""
    outcomes.append(outcome)
    print_outcome(outcome)


def request(
    from_s: float | None,
    to_s: float | None,
    force: bool,
    detectors: Sequence[str],
    flags: dict[str, Any],
) -> dict[str, Any]:
    """Return what makes this scan differ from the default one; stored with its jobs."""
    asked = {
        "from_s": from_s,
        "to_s": to_s,
        "force": force,
        "detectors": sorted(detectors),
        **{
            name: flags[name]
            for name in ("frames", "sampling", "policy", "weights", "reproducible")
        },
    }
    return {name: value for name, value in asked.items() if value not in (None, False, [])}


Lost = tuple[Path, ErrorCode, str]


def gather(paths: Collection[Path]) -> tuple[list[SeenFile], list[Lost]]:
    """Return the files meant, each once, and the paths at which there is none to analyse."""
    files: dict[str, SeenFile] = {}
    lost: list[Lost] = []
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112  Path.is_dir raises below a closed folder
            listed, closed = below(path)
        else:
            file = listing.see(path)
            listed, closed = ([file], []) if file else ([], [missing(path)])
        files |= {file.path: file for file in listed}
        lost += closed
    return list(files.values()), lost


def below(folder: Path) -> tuple[list[SeenFile], list[Lost]]:
    """Return the files below a folder and the folders in it that can't be listed; says when there is neither."""
    closed: list[Lost] = []
    files = list(
        listing.listing(
            [folder], lambda path, why: closed.append((path, ErrorCode.UNREADABLE, why))
        )
    )
    if not files and not closed:
        click.echo(f"no files found in {shown(os.fspath(folder))}", err=True)
    return files, closed


def missing(path: Path) -> Lost:
    """Say why there is no file to analyse at a path."""
    try:
        path.stat()
    except PermissionError:
        return path, ErrorCode.UNREADABLE, "no right to look there"
    except OSError as error:
        return path, ErrorCode.VANISHED, error.strerror or str(error)
    return path, ErrorCode.UNSUPPORTED, "not a regular file"


def print_lost(path: Path, code: ErrorCode, why: str, as_json: bool) -> None:
    """Print a path at which there is nothing to analyse."""
    if not as_json:
        click.echo(f"{shown(str(path))}: {code.value}: {why}", err=True)
        return
    failure = {"path": shown(str(path)), "state": "failed", "error": code.value}
    print_json([{**EMPTY, **failure, "error_message": why}])
