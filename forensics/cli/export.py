"""`forensics export`: a case as one file."""

from pathlib import Path

import click

from ..files import sha256_of
from ..report.builder import Maker
from ..report.bundle import pack
from ..report.files import whole
from ..store.ledger.chain import Export
from .common import load_settings, open_database
from .report_files import recorded, select_files, verdict_ids, write_folder
from .reviews import login_name


@click.command()
@click.option("--case", required=True, help="The case to pack.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar="FILE"
)
@click.option("--pdf", is_flag=True, help="Reports as PDF in place of HTML.")
@click.option("--examiner", help="Who exports it; otherwise the name you are logged in by.")
@click.pass_context
def export(ctx: click.Context, case: str, output: Path, pdf: bool, examiner: str | None) -> None:
    """Pack a case's reports, their data and media facts into a ZIP file with the SHA-256 of each part.

    The export is recorded in the chain, with the hash of the file. The files that were examined are not packed.

    \b
    Example:
      forensics export --case A-17 -o case.zip
    """
    settings = load_settings(ctx)
    engine = open_database(settings)
    maker = Maker(settings, engine, examiner or login_name(), pdf=pdf)
    selection = select_files(engine, case, None)
    with whole(output) as half:
        lines = pack(
            half,
            lambda folder, keep: write_folder(folder, selection, maker, keep),
            maker,
            selection.title,
        )
        packed = Export("bundle", maker.by, verdict_ids(lines), case, sha256_of(half))
        entry = recorded(engine, packed)
    click.echo(f"{output}: {len(lines)} reports, entry {entry} of the chain")
