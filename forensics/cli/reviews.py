"""`forensics note` and `forensics review`: people's words on a verdict, never mixed with the tool's."""

import getpass
import os
from collections.abc import Sequence

import click
from sqlalchemy import Engine

from ..clock import utc_now
from ..errors import UsageError
from ..store.database import writing
from ..store.ledger import reviews
from ..store.ledger.reviews import Words
from .common import console, load_settings, open_database, printed
from .lookup import meant

key_argument = click.argument("key", metavar="ID|PATH|SHA256")


@click.command()
@key_argument
@click.argument("text")
@click.option("--examiner", help="Who says it; otherwise the name you are logged in by.")
@click.pass_context
def note(ctx: click.Context, key: str, text: str, examiner: str | None) -> None:
    """Add a note on a verdict. It is shown apart from what the tool says, and is never changed.

    \b
    Example:
      forensics note 17 "Sent in by the desk; said to be filmed on Monday."
    """
    engine, words = opened(ctx), filled("TEXT", text)
    verdict_id = meant(engine, key).verdict_id
    with writing(engine) as session:
        who = examiner or login_name()
        entry = reviews.add_note(session, verdict_id, words, who, utc_now())
    click.echo(f"note on verdict {verdict_id}: entry {entry}")


@click.command()
@key_argument
@click.option("--conclusion", required=True, metavar="TEXT", help="In the examiner's own words.")
@click.option("--examiner", required=True, metavar="NAME", help="Who concludes it.")
@click.pass_context
def review(ctx: click.Context, key: str, conclusion: str, examiner: str) -> None:
    """Add an examiner's conclusion on a verdict. The verdict itself stays as it is; so does every earlier review.

    \b
    Example:
      forensics review 17 --examiner "R. Diaz" --conclusion "Not usable: recompressed twice."
    """
    engine, words = opened(ctx), filled("--conclusion", conclusion)
    who, verdict_id = filled("--examiner", examiner), meant(engine, key).verdict_id
    with writing(engine) as session:
        entry = reviews.add_review(session, verdict_id, words, who, utc_now())
    click.echo(f"review of verdict {verdict_id}: entry {entry}")


def opened(ctx: click.Context) -> Engine:
    """Return the database of this call."""
    return open_database(load_settings(ctx))


def filled(name: str, text: str) -> str:
    """Return a text without the space around it. Raises UsageError for one that says nothing."""
    if not text.strip():
        raise UsageError(f"{name} is empty")
    return text.strip()


def login_name() -> str:
    """Return the name that the user is logged in by, or their number where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def print_words(words: Sequence[Words]) -> None:
    """Print notes and reviews, oldest first; nothing where there are none."""
    from rich.text import Text

    out = console()
    if words:
        out.print(Text("\nPeople's words, not the tool's", style="bold"))
    for entry in words:
        head = f"{entry.kind} on verdict {entry.verdict_id} by {entry.examiner}"
        out.print(printed(f"  {entry.created_at.isoformat()} {head}"), soft_wrap=True)
        out.print(printed(f"    {entry.conclusion or entry.note}"), soft_wrap=True)
