"""`forensics report`: a verdict, or many, as something to hand on."""

from pathlib import Path

import click

from ..errors import UsageError
from ..report.builder import Maker
from ..report.report_data import Wanted
from ..report.text import text_report
from ..store.database import reading
from .common import json_option, load_settings, open_database, print_json
from .lookup import unknown
from .report_files import Selection, select_files, write_all, write_one
from .reviews import login_name


@click.command()
@click.argument("key", required=False, metavar="[ID|PATH|SHA256]")
@click.option("--case", help="A report on each file of this case.")
@click.option("--since", metavar="WHEN", help="On each file since a date, or 30m, 12h, 7d, 2w ago.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE|DIR")
@click.option("--pdf", is_flag=True, help="PDF in place of HTML.")
@click.option("--examiner", help="Who makes it; otherwise the name you are logged in by.")
@json_option
@click.pass_context
def report(
    ctx: click.Context,
    key: str | None,
    case: str | None,
    since: str | None,
    output: Path | None,
    pdf: bool,
    examiner: str | None,
    as_json: bool,
) -> None:
    """Write a report as one self-contained HTML file; without -o as plain text on the terminal.

    With --case or --since a folder of reports and a page that leads to them. What is written to a file is recorded in
    the chain.

    \b
    Examples:
      forensics report 17 -o report.html
      forensics report clip.mp4 --pdf -o report.pdf
      forensics report --case A-17 -o reports
    """
    refuse(key, case or since, output, pdf=pdf, as_json=as_json)
    settings = load_settings(ctx)
    engine = open_database(settings)
    maker = Maker(settings, engine, examiner or login_name(), pdf=pdf)
    if key is None:
        tell_many(select_files(engine, case, since), maker, output)
    elif output is not None:
        entry = write_one(output, key, maker, engine)
        click.echo(f"{output}: written, entry {entry} of the chain")
    else:
        record = maker.record(Wanted(key))
        if record is None:
            with reading(engine) as session:
                raise unknown(session, engine, key)
        if as_json:
            print_json([record.plain()])
        else:
            click.echo(text_report(record), nl=False)


def tell_many(selection: Selection, maker: Maker, output: Path | None) -> None:
    """Write reports into a folder, or print their records where none is given."""
    if output is not None:
        entry = write_all(output, selection, maker)
        click.echo(f"{output}: {len(selection.subjects)} reports, entry {entry} of the chain")
        return
    records = (maker.record(subject.wanted(selection.case)) for subject in selection.subjects)
    print_json(record.plain() for record in records if record)


def refuse(
    key: str | None, many: str | None, output: Path | None, *, pdf: bool, as_json: bool
) -> None:
    """Raise UsageError for what does not go together."""
    if (key is None) == (many is None):
        raise UsageError(
            "give a verdict's number, a path or a SHA-256, or one of --case and --since"
        )
    if as_json and (output is not None or pdf):
        raise UsageError("--json prints what reports are made of: leave out -o and --pdf")
    if pdf and output is None:
        raise UsageError("--pdf needs a place for it: -o report.pdf")
    if many is not None and output is None and not as_json:
        raise UsageError("many reports need a folder: -o DIR")
