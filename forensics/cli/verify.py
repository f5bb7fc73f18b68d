"""`forensics verify`: is all as it was recorded, and does the same analysis give the same again."""

import re

import click
from sqlalchemy import Engine

from ..errors import UsageError
from ..store.database import reading
from ..store.ledger import audit, chain
from ..store.queries import files
from ..verification.rehash import rehashed
from .common import json_option, load_settings, open_database
from .lookup import Meant, meant
from .verify_report import Report
from .verify_rerun import is_reproduced

HASH = re.compile(r"[0-9a-f]{64}")


@click.command()
@click.argument("key", required=False, metavar="[ID|PATH|SHA256]")
@click.option("--head", "heads", multiple=True, metavar="HASH", help="Kept elsewhere; repeatable.")
@click.option("--no-files", is_flag=True, help="Do not hash the media files again.")
@click.option(
    "--rerun", is_flag=True, help="Analyse again as recorded and compare; stores nothing."
)
@click.option(
    "--weights",
    type=click.Path(exists=True, file_okay=False),
    help="Folder with the manifest.toml of the recorded weights, for --rerun.",
)
@json_option
@click.pass_context
def verify(
    ctx: click.Context,
    key: str | None,
    heads: tuple[str, ...],
    no_files: bool,
    rerun: bool,
    weights: str | None,
    as_json: bool,
) -> None:
    """Check the chain, the tables against it, and the media files that are still there. Never writes.

    Without a key all of it; with one the records and files of one content. Exit status 0 when all is sound, else 1.

    \b
    Examples:
      forensics verify --head 3f9c...    with the hash that you kept elsewhere
      forensics verify 17 --rerun        the same analysis again: same label, same score?
    """
    refuse(key, heads, rerun)
    settings = load_settings(ctx, weights=weights)
    engine = open_database(settings)
    content = meant(engine, key) if key is not None else None
    with Report(as_json) as report:
        check(report, engine, content, [head.lower() for head in heads], no_files=no_files or rerun)
    if rerun and content and not report.problems:
        ctx.exit(0 if is_reproduced(engine, settings, content, as_json=as_json) else 1)
    report.close_with(engine if content is None else None)
    ctx.exit(1 if report.problems else 0)


def refuse(key: str | None, heads: tuple[str, ...], rerun: bool) -> None:
    """Raise UsageError for what does not go together."""
    if key is None and rerun:
        raise UsageError("--rerun needs a verdict: give its number, a path or a SHA-256")
    if key is not None and heads:
        raise UsageError("--head is checked against the whole chain: leave out " + repr(key))
    for head in heads:
        if not HASH.fullmatch(head.lower()):
            raise UsageError(
                f"--head {head}: a hash has 64 digits, as 'forensics chain head' prints it"
            )


def check(
    report: Report, engine: Engine, content: Meant | None, heads: list[str], *, no_files: bool
) -> None:
    """Check records, then files, and tell the report."""
    if content is None:
        with reading(engine) as session:
            head = chain.head(session)
        report.begin("chain", head.entries if head else 0)
        for problem in audit.audit(engine, heads, report.advance):
            report.tell(problem)
    else:
        with reading(engine) as session:
            for problem in audit.audit_content(session, content.media_id):
                report.tell(problem)
    if not no_files:
        check_files(report, engine, content.media_id if content else None)


def check_files(report: Report, engine: Engine, media_id: int | None) -> None:
    """Hash the files again that are said to be there."""
    report.begin("files", files.held_count(engine, media_id))
    for file in files.held_files(engine, media_id):
        problem = rehashed(file)
        if problem:
            report.tell(problem)
        report.advance(1)
