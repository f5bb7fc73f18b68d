"""`forensics results`: list verdicts."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import click
from sqlalchemy.orm import Session

from ..clock import utc_now
from ..errors import UsageError
from ..records import Label
from ..serialization import plain
from ..store import queries
from ..store.database import reading
from .common import (
    json_option,
    load_settings,
    open_database,
    print_csv,
    print_json,
    print_table,
    say_empty,
)

COLUMNS = tuple(name for name in queries.RESULT_COLUMNS if name != "log10_lr")  # as scripts know it
SHOWN = ("id", "label", "reason", "fake", "created", "path")
PAGE = 500
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@click.command()
@click.option("--label", type=click.Choice([label.value for label in Label]))
@click.option(
    "--state", type=click.Choice(["done", "failed", "all"]), help="Default: done and failed."
)
@click.option("--since", metavar="WHEN", help="A date, or 30m, 12h, 7d, 2w ago.")
@click.option("--path", "path_glob", metavar="GLOB", help="Paths that match, e.g. '*/inbox/*.mp4'.")
@click.option("--detector", help="Verdicts to which this detector contributed.")
@click.option("--case", help="Files of this case.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_context
def results(
    ctx: click.Context,
    label: str | None,
    state: str | None,
    since: str | None,
    path_glob: str | None,
    detector: str | None,
    case: str | None,
    limit: int,
    as_json: bool,
    as_csv: bool,
) -> None:
    """List verdicts and failures, newest first, one for each current path."""
    settings = load_settings(ctx)
    wanted = queries.ResultFilter(
        label=Label(label) if label else None,
        state=state,
        since=moment(since, utc_now()) if since else None,
        path_glob=path_glob,
        detector=detector,
        case=case,
    )
    with reading(open_database(settings)) as session:
        rows = list(pages(session, wanted, limit))
    if as_json:
        print_json(map(as_row, rows))
    elif as_csv:
        print_csv(COLUMNS, ([*as_row(row).values()] for row in rows))
    elif rows:
        print_table(SHOWN, (shown(row) for row in rows))
    if not rows:
        say_empty(settings, "nothing found")


def pages(session: Session, wanted: queries.ResultFilter, limit: int) -> Iterator[queries.Result]:
    """Yield results page by page, each after the last one's key."""
    before = None
    while limit > 0:
        page = queries.results(session, wanted, min(limit, PAGE), before)
        yield from page
        if len(page) < min(limit, PAGE):
            return
        limit -= len(page)
        before = page[-1].key


def as_row(row: queries.Result) -> dict[str, object]:
    """Return a result as JSON values."""
    return {name: plain(getattr(row, name)) for name in COLUMNS}


def shown(row: queries.Result) -> tuple[object, ...]:
    """Return a result as a line of the table."""
    stale = " (stale)" if row.stale else ""
    return (
        row.verdict_id,
        row.label or row.state,
        (row.reason or row.error or "") + stale,
        row.fake,
        row.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        row.path,
    )


def moment(text: str, now: datetime) -> datetime:
    """Return the moment meant by a date or by a time ago."""
    ago = re.fullmatch(r"(\d+)([mhdw])", text)
    if ago:
        return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        day = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"--since {text!r}: give a date such as 2026-11-20, or 30m, 12h, 7d, 2w"
        ) from error
    return day if day.tzinfo else day.astimezone()
