"""`forensics status`: how the work stands, from the database alone."""

import click

from ..clock import utc_now
from ..store import queries
from ..store.database import masked, reading
from .common import json_option, load_settings, open_database, print_json


@click.command()
@json_option
@click.option("--check", is_flag=True, help="Exit 1 unless a daemon is alive.")
@click.pass_context
def status(ctx: click.Context, as_json: bool, check: bool) -> None:
    """Show the queue by state, the oldest waiting file, the daemons alive and their folders."""
    settings = load_settings(ctx)
    with reading(open_database(settings)) as session:
        current = queries.status(session, utc_now())
    if as_json:
        print_json([current.plain()])
    else:
        print_status(current, masked(settings.database_url))
    ctx.exit(1 if check and not current.daemons else 0)


def print_status(current: queries.Status, database: str) -> None:
    """Print the state of things for people."""
    click.echo(f"database   {database}")
    click.echo("jobs       " + ", ".join(f"{n} {state}" for state, n in current.states.items()))
    if current.oldest_waiting is not None:
        click.echo(
            f"waiting    the oldest since {current.oldest_waiting.astimezone():%Y-%m-%d %H:%M:%S}"
        )
    for daemon in current.daemons:
        folders = ", ".join(daemon.folders)
        click.echo(
            f"daemon     {daemon.host} pid {daemon.pid}, {daemon.workers} workers: {folders}"
        )
    if not current.daemons:
        click.echo("daemon     none is alive; 'forensics watch DIR' starts one")
    click.echo(f"rate       {current.per_minute:g} files a minute over the last 10 minutes")
    for line in current.running:
        since = f" since {line.since.astimezone():%H:%M:%S}" if line.since else ""
        click.echo(f"running    {line.path}{since}")
    for code, count in current.failed_by_code.items():
        click.echo(f"failed     {count} {code}")
    if current.last_error:
        last = current.last_error
        click.echo(f"last error {last.path}: {last.error}: {last.message or ''}")
