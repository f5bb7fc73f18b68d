"""`forensics jobs`: the queue."""

import click

from ..clock import utc_now
from ..errors import UsageError
from ..store import jobs as store_jobs
from ..store import queries
from ..store.database import reading, writing
from ..store.models import JobState
from .common import json_option, load_settings, open_database, print_json, print_table, say_empty

COLUMNS = ("id", "state", "attempts", "error", "path", "message")


@click.group()
def jobs() -> None:
    """List jobs; try failed or stale ones again."""


@jobs.command("list")
@click.option("--state", type=click.Choice([state.value for state in JobState]))
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@click.pass_context
def list_(ctx: click.Context, state: str | None, limit: int, as_json: bool) -> None:
    """List jobs, newest first."""
    settings = load_settings(ctx)
    with reading(open_database(settings)) as session:
        rows = queries.job_list(session, JobState(state) if state else None, limit)
    if as_json:
        print_json(row.plain() for row in rows)
    elif rows:
        print_table(
            COLUMNS,
            ((r.id, r.state.value, r.attempts, r.error, r.path, r.message) for r in rows),
        )
    else:
        say_empty(settings, "no job found")


@jobs.command()
@click.argument("ids", nargs=-1, type=int)
@click.option("--all", "every", is_flag=True, help="All failed jobs.")
@click.pass_context
def retry(ctx: click.Context, ids: tuple[int, ...], every: bool) -> None:
    """Queue failed jobs again. A running daemon takes them up; otherwise start one."""
    if bool(ids) == every:
        raise UsageError("give job numbers (see 'forensics jobs list --state failed') or --all")
    with writing(open_database(load_settings(ctx))) as session:
        count = store_jobs.retry(session, None if every else ids, utc_now())
    click.echo(f"{count} queued again")


@jobs.command()
@click.option(
    "--stale", is_flag=True, required=True, help="Verdicts made with other weights or settings."
)
@click.pass_context
def rescan(ctx: click.Context, stale: bool) -> None:
    """Queue files whose verdict is stale; the old verdicts stay in the history."""
    with writing(open_database(load_settings(ctx))) as session:
        count = store_jobs.rescan_stale(session, utc_now())
    click.echo(f"{count} queued")
