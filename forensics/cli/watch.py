"""`forensics watch`: the daemon."""

import signal
import threading
from pathlib import Path

import click

from ..logs import configure
from ..pool import ProcessPool
from ..service import Service
from .common import load_settings, open_database


@click.command()
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    metavar="DIR...",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option("--workers", type=click.IntRange(1), help="Worker processes.")
@click.option("--once", is_flag=True, help="Analyse what is there, then exit (1 if a file failed).")
@click.option("--poll", is_flag=True, help="List often instead of waiting for events.")
@click.option(
    "--settle-s",
    type=click.FloatRange(0),
    help="A file is ready when unchanged for so many seconds.",
)
@click.pass_context
def watch(
    ctx: click.Context,
    folders: tuple[Path, ...],
    workers: int | None,
    once: bool,
    poll: bool,
    settle_s: float | None,
) -> None:
    """Watch folders, and analyse every file that lands in them or below.

    Files are never changed, moved or written beside. SIGTERM or Ctrl-C lets running jobs finish for 'stop_s' seconds
    (10), hands the rest back to the queue and exits with 0; nothing is lost, the next start goes on.

    \b
    Examples:
      forensics watch ~/inbox                       until it is stopped
      forensics watch --once /evidence/case-17      one pass, then exit
      forensics watch --poll /mnt/share             a network folder
    """
    settings = load_settings(
        ctx, workers=workers, settle_s=settle_s, watcher="polling" if poll else None
    )
    configure(settings)
    engine = open_database(settings, may_upgrade=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    pool = ProcessPool(settings)
    pool.warm_up(stop.is_set)
    service = Service(engine, settings, [f.absolute() for f in folders], pool)
    service.run(stop, once=once)
    if once and service.failed:
        ctx.exit(1)
