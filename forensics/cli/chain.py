"""`forensics chain`: the newest hash, to be kept where nobody who can write to the database can write."""

import click

from ..serialization import plain
from ..store.database import reading
from ..store.ledger import chain as store_chain
from ..store.ledger.chain import NO_HASH, Head
from .common import json_option, load_settings, open_database, print_json, say_empty


@click.group()
def chain() -> None:
    """Print the newest hash of the chain, to be kept elsewhere."""


@chain.command()
@json_option
@click.pass_context
def head(ctx: click.Context, as_json: bool) -> None:
    """Print the newest hash, and what it is of and when it was made.

    Keep it outside of this machine (in a mail, on paper): 'forensics verify --head HASH' shows later that nothing
    up to it was changed or cut off.
    """
    settings = load_settings(ctx)
    with reading(open_database(settings)) as session:
        newest = store_chain.head(session)
    if as_json:
        print_json([plain(newest) if newest else {"hash": NO_HASH, "entries": 0}])
    elif newest:
        click.echo(f"{newest.hash}\n{describe_head(newest)}")
    else:
        say_empty(settings, "no entry yet")


def describe_head(newest: Head) -> str:
    """Return what the newest entry is."""
    about = f" {newest.verdict_id}" if newest.kind == "verdict" else ""
    about = f" on verdict {newest.verdict_id}" if newest.kind in ("note", "review") else about
    moment = newest.created_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"entry {newest.entry} of {moment}: {newest.kind.value}{about}; {newest.entries} entries"
