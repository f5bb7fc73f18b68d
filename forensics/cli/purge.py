"""`forensics purge`: erasing what must be erased."""

import sys
from dataclasses import asdict
from functools import partial

import click
from sqlalchemy import Engine

from ..clock import utc_now
from ..errors import ForensicsError, UsageError
from ..evidence import retention
from ..store import compact
from ..store.database import is_sqlite, reading, writing
from ..store.ledger import purge as store_purge
from ..store.ledger.purge import Erasure, Order
from .common import json_option, load_settings, open_database, print_json
from .lookup import nothing_known
from .reviews import filled, login_name


@click.command()
@click.option("--case", help="Erase all of this case, but contents that other cases have too.")
@click.option("--media", metavar="SHA256", help="Erase one content, in whatever case it is.")
@click.option("--reason", required=True, help="Stays readable: name nobody in it.")
@click.option("--examiner", help="Who erases; otherwise the name you are logged in by.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def purge(
    ctx: click.Context,
    case: str | None,
    media: str | None,
    reason: str,
    examiner: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase verdicts, findings, notes, paths and jobs of a case or a content from the database.

    Pictures of them and what detectors left go from the evidence folder. The hashes stay in the chain, with your reason
    and the time, so that it still verifies. Files are not touched: take them out of watched folders first, or they are
    analysed again.
    """
    if (case is None) == (media is None):
        raise UsageError("give one of --case and --media")
    settings = load_settings(ctx)
    engine = open_database(settings)
    by = examiner or login_name()
    order = Order(filled("--reason", reason), by, case, media.lower() if media else None)
    with reading(engine) as session:
        erasure = store_purge.scope(session, order).erasure
    refuse_nothing(engine, order, erasure)
    if not yes:
        ask(erasure)
    with writing(engine) as session:
        compact.overwrite_deleted(session)
        erasure = store_purge.erase(session, order, utc_now(), partial(retention.forget, settings))
    if as_json:
        print_json([asdict(erasure)])
    else:
        click.echo(f"erased: {counts(erasure)}")
    leave_nothing(engine)


def refuse_nothing(engine: Engine, order: Order, erasure: Erasure) -> None:
    """Raise ForensicsError where there is nothing to erase."""
    if erasure.sightings or erasure.contents or erasure.exports:
        return
    what = f"case {order.case!r}" if order.case is not None else f"content {order.media_sha256}"
    raise ForensicsError(nothing_known(engine, what))


def ask(erasure: Erasure) -> None:
    """Ask on a terminal. Raises UsageError elsewhere, Abort for a no."""
    if not sys.stdin.isatty():
        raise UsageError("this erases for good: say --yes where nobody can be asked")
    click.confirm(f"Erase for good: {counts(erasure)}?", abort=True, err=True)


def counts(erasure: Erasure) -> str:
    """Return what goes, and what stays because other cases have it, in numbers."""
    text = (
        f"{erasure.contents} contents, {erasure.verdicts} verdicts, {erasure.words} notes and reviews, "
        f"{erasure.exports} records of exports, {erasure.sightings} paths, {erasure.jobs} jobs"
    )
    if erasure.kept_contents:
        text += f"; {erasure.kept_contents} contents are in other cases too and stay with their verdicts"
    return text


def leave_nothing(engine: Engine) -> None:
    """See to it that the bytes are gone, or say where they still are."""
    if is_sqlite(engine):
        compact.compact(engine)
    else:
        click.echo(
            "PostgreSQL keeps what was erased in its files until 'forensics db compact', and in its log (WAL), "
            "its replicas and every backup for as long as these are kept.",
            err=True,
        )
    for copy in compact.backups(engine):
        click.echo(f"{copy}: a copy made before an upgrade; it still has what was erased", err=True)
