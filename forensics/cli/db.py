"""`forensics db`: the schema."""

import click

from ..store import migrate
from ..store.database import connect, masked
from .common import load_settings


@click.group()
def db() -> None:
    """Bring the database's schema up to date."""


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
    found = migrate.current(connect(settings.database_url)) or "none"
    click.echo(f"{masked(settings.database_url)}: {found}; this program: {migrate.head()}")
