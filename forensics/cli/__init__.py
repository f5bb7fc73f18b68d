"""The command line: one file per command group, imported when called; errors become exit codes here and nowhere else."""

import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import __version__
from ..errors import ForensicsError, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

COMMANDS = {
    "scan": ("scan:scan", "Analyse files now and store their verdicts."),
    "watch": ("watch:watch", "Watch folders and analyse every file that lands there."),
    "web": ("web:web", "Show pages in a browser: upload, follow, read, review."),
    "results": ("results:results", "List verdicts, newest first."),
    "show": ("show:show", "Show one verdict with its findings and history."),
    "report": ("report:report", "Write a report on a verdict, or on many: text, HTML or PDF."),
    "export": ("export:export", "Pack a case's reports and data into a file, with its hashes."),
    "validate": (
        "validate:validate",
        "Measure the detectors on your own files of known truth.",
    ),
    "status": ("status:status", "Show the queue, the workers and the watched folders."),
    "jobs": ("jobs:jobs", "List jobs; try failed or stale ones again."),
    "note": ("reviews:note", "Add a note on a verdict."),
    "review": ("reviews:review", "Add an examiner's conclusion on a verdict."),
    "verify": ("verify:verify", "Check records and files against the chain; re-run an analysis."),
    "chain": ("chain:chain", "Print the newest hash of the chain, to be kept elsewhere."),
    "purge": ("purge:purge", "Erase a case or a content; the chain still verifies."),
    "evidence": ("evidence:evidence", "Show and clean the folder of pictures and artifacts."),
    "plugins": ("plugins:plugins", "List, check, switch and begin plugins."),
    "doctor": ("doctor:doctor", "Say whether everything is in order, and what to do if not."),
    "weights": ("weights:weights", "List, verify and add weights."),
    "db": ("db:db", "Bring the database's schema up to date; rewrite its files."),
}


class LazyGroup(click.Group):
    """Imports a command's module when the command is called, and plugins' command groups likewise."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the built-in commands and of the plugins' groups."""
        return [*COMMANDS, *sorted(set(plugin_commands()) - set(COMMANDS))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name in COMMANDS:
            module, name = COMMANDS[cmd_name][0].split(":")
            with uncollected():
                command: click.Command = getattr(
                    importlib.import_module(f".{module}", __name__), name
                )
            return command
        point = plugin_commands().get(cmd_name)
        return load_plugin_command(point) if point else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their lines of help, importing none of them."""
        rows = [(name, COMMANDS[name][1]) for name in COMMANDS]
        for name, point in sorted(plugin_commands().items()):
            origin = point.dist.name if point.dist else point.module
            rows.append((name, f"Commands of the plugin {origin}."))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what the user can act on is said in one line: exit 1, or 2 for wrong usage."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(2)
        except ForensicsError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(1)


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from looking at what imports make, now and at the end: a third of a command's time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def plugin_commands() -> "dict[str, EntryPoint]":
    """Return the command groups that plugins bring, by name."""
    from importlib.metadata import entry_points  # 0.03 s that no built-in command needs

    return {p.name: p for p in entry_points(group="forensics.commands")}


def load_plugin_command(point: "EntryPoint") -> click.Command:
    """Import a plugin's group. Raises UsageError when it can't be imported."""
    try:
        command = point.load()
    except Exception as error:
        raise UsageError(
            f"the plugin that brings '{point.name}' can't be imported: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(command, click.Command):
        raise UsageError(f"{point.value} is no click command")
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file; otherwise ./forensics.toml, then the one in your configuration folder.",
)
@click.option(
    "--database", metavar="URL", help="SQLite or PostgreSQL; same as FORENSICS_DATABASE_URL."
)
@click.version_option(__version__, prog_name="forensics")
@click.pass_context
def main(ctx: click.Context, config: Path | None, database: str | None) -> None:
    """Say whether the faces in videos and pictures were manipulated, and on what grounds.

    \b
    Start here:
      forensics scan clip.mp4            analyse a file now
      forensics watch ~/inbox            analyse whatever lands in a folder
      forensics web                      the same in a browser
      forensics results --label fake     ask the database
      forensics show clip.mp4            one verdict and what it rests on

    Exit status: 0 all files were analysed, whatever the verdict; 1 at least one could not be; 2 wrong usage.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a file's name that the terminal's encoding has not
            stream.reconfigure(errors="backslashreplace")
    ctx.obj = {"config": config, "database_url": database}
