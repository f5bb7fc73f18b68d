"""`forensics validate`: the installed detectors on somebody's own files of known truth."""

from collections import Counter
from pathlib import Path

import click

from ..clock import utc_now
from ..errors import ForensicsError, UsageError
from ..logs import configure
from ..records import Label
from ..report import wording
from ..store.database import reading, writing
from ..store.jobs import SeenFile
from ..store.queries import JobOutcome, validations
from .common import json_option, load_settings, open_database, print_json, print_table
from .scan import below, print_lost
from .scan_run import Order, Scan

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
COLUMNS = (*Label, "failed")
Outcomes = list[JobOutcome]


@click.command()
@click.option("--real", type=FOLDER, required=True, help="Folder of files known to be unaltered.")
@click.option("--fake", type=FOLDER, required=True, help="Folder of files known to be manipulated.")
@click.option("--name", required=True, help="What to call it, e.g. 'lab 2026-11'.")
@json_option
@click.pass_context
def validate(ctx: click.Context, real: Path, fake: Path, name: str, as_json: bool) -> None:
    """Analyse files of known truth and keep how often the verdicts were wrong.

    The counts are shown beside every later verdict. Interrupted, the same command goes on where it stopped. About 60
    real files without an error are needed to support a rate of 5 %, about 300 for 1 %.
    """
    settings = load_settings(ctx)
    configure(settings)
    engine = open_database(settings, may_upgrade=True)
    folders = {"real": listed("real", real), "fake": listed("fake", fake)}
    outcomes: dict[str, Outcomes] = {truth: [] for truth in folders}
    for truth, files in folders.items():
        click.echo(f"{len(files)} files known to be {truth}", err=True)
        Scan(engine, settings, Order({}, (), None, None, force=False), outcomes[truth].append).run(
            files
        )
    check(outcomes)
    counts = {truth: counted(analysed) for truth, analysed in outcomes.items()}
    with writing(engine) as session:
        validations.keep(session, name, judged_by(outcomes), counts, utc_now())
    with reading(engine) as session:
        kept = next(tally for tally in validations.tallies(session) if tally.name == name)
    if as_json:
        print_json([{**kept.plain(), "created_at": str(kept.created_at)}])
    else:
        print_tally(kept)


def listed(truth: str, folder: Path) -> list[SeenFile]:
    """Return the files below a folder. Raises UsageError when there are none, or some can't be listed."""
    files, closed = below(folder)
    for path, code, why in closed:
        print_lost(path, code, why, as_json=False)
    if closed or not files:
        raise UsageError(f"--{truth} {folder}: not all of it can be read, or nothing is there")
    return files


def print_tally(kept: validations.Tally) -> None:
    """Print the counts and the error rates."""
    rows = ((truth, *(kept.counts[truth].get(c, 0) for c in COLUMNS)) for truth in kept.counts)
    print_table(("files", *COLUMNS), rows)
    for sentence in wording.error_rates(None, kept.error_rates):
        click.echo(sentence)


def counted(outcomes: Outcomes) -> dict[str, int]:
    """Return the number of contents by label, and of those without a verdict under "failed"; each content counts once."""
    labels = {
        outcome.sha256 or outcome.path: str(outcome.verdict.label if outcome.verdict else "failed")
        for outcome in outcomes
    }
    return dict(Counter(labels.values()))


def check(outcomes: dict[str, Outcomes]) -> None:
    """Raise UsageError for a content that is in both folders."""
    real = {outcome.sha256: outcome.path for outcome in outcomes["real"] if outcome.sha256}
    for outcome in outcomes["fake"]:
        if outcome.sha256 in real:
            raise UsageError(
                f"{outcome.path} has the same bytes as {real[outcome.sha256]}: it can't be real and fake; "
                "take one of them away and run the command again"
            )


def judged_by(outcomes: dict[str, Outcomes]) -> int:
    """Return one of the verdicts. Raises ForensicsError when there is none."""
    for outcome in [*outcomes["real"], *outcomes["fake"]]:
        if outcome.verdict_id:
            return outcome.verdict_id
    raise ForensicsError(
        "no file got a verdict, so nothing was validated; run 'forensics results --state failed'"
    )
