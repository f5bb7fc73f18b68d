"""`forensics db`: the schema and the files."""

import click

from ..store import compact as store_compact
from ..store import migrate
from ..store.database import connect, masked
from .common import load_settings, open_database


@click.group()
def db() -> None:
    """Bring the database's schema up to date; rewrite its files."""


@db.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Create the schema, or bring it up to this program's revision."""
    settings = load_settings(ctx)
    engine = connect(settings.database_url)
    migrate.upgrade(engine)
    click.echo(f"{masked(settings.database_url)}: at revision {migrate.current(engine)}")


@db.command()
@click.pass_context
def current(ctx: click.Context) -> None:
    """Print the database's revision and this program's."""
    settings = load_settings(ctx)
    revision = migrate.current(connect(settings.database_url)) or "none"
    click.echo(f"{masked(settings.database_url)}: {revision}; this program: {migrate.head()}")


@db.command()
@click.pass_context
def compact(ctx: click.Context) -> None:
    """Rewrite the database so that nothing that was deleted is left in its files.

    Takes as much free disk again as the database has. 'forensics purge' does this by itself on SQLite.
    """
    settings = load_settings(ctx)
    store_compact.compact(open_database(settings))
    click.echo(f"{masked(settings.database_url)}: rewritten")
