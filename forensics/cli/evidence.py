"""`forensics evidence`: the folder of pictures and of what detectors left."""

from dataclasses import asdict

import click

from ..clock import utc_now
from ..evidence import retention
from ..evidence.folder import EvidenceFolder
from ..store.database import masked, reading
from ..store.queries import files
from .common import json_option, load_settings, open_database, print_json, print_table


@click.group()
def evidence() -> None:
    """Show and clean the folder of pictures and artifacts (setting 'evidence_folder')."""


@evidence.command()
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Say what the folder holds, and whether all artifacts of this database are there. Exit status 1 if not.

    Artifacts that this database does not know may be another database's: nothing removes them.
    """
    settings = load_settings(ctx)
    folder, held = EvidenceFolder(settings), retention.holdings(settings)
    with reading(open_database(settings)) as session:
        missing = [s for s in files.known(session) if folder.artifact(s) is None]
        unknown = files.unknown(session, (path.name for path in folder.artifacts()))
    values = {
        "folder": str(folder.root),
        **{kind: asdict(holding) for kind, holding in held.items()},
        "missing_artifacts": missing,
        "unknown_artifacts": len(unknown),
    }
    if as_json:
        print_json([values])
    else:
        click.echo(f"{folder.root}")
        rows = (
            (kind, holding.files, f"{holding.size_bytes / 1e6:.1f}")
            for kind, holding in held.items()
        )
        print_table(("kind", "files", "MB"), rows)
        click.echo(f"{len(unknown)} artifacts are not of {masked(settings.database_url)}")
        for sha256 in missing:
            click.echo(f"missing: {sha256}", err=True)
    ctx.exit(1 if missing else 0)


@evidence.command()
@json_option
@click.pass_context
def clean(ctx: click.Context, as_json: bool) -> None:
    """Remove pictures past 'evidence_keep_days', or of another kind than 'thumbnails'; the daemon does that as well.

    They are made again when somebody asks for them, as long as the file is there. Artifacts stay.
    """
    removed = retention.clean(load_settings(ctx), utc_now().timestamp())
    if as_json:
        print_json([asdict(removed)])
    else:
        click.echo(
            f"removed: {removed.pictures} pictures, those of {removed.verdicts} verdicts, and {removed.copies} copies"
        )
