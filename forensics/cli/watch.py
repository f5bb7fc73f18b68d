"""`forensics watch`: the daemon."""

import signal
import threading
from pathlib import Path
from types import FrameType

import click

from ..daemon.run import ready_pool
from ..daemon.service import Service
from ..logs import configure
from .common import load_settings, open_database
from .live import live_view

STOPPING = "stopping: what is under way may finish"


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
@click.option("--plain", is_flag=True, help="Log lines only, no live view on a terminal.")
@click.pass_context
def watch(
    ctx: click.Context,
    folders: tuple[Path, ...],
    workers: int | None,
    once: bool,
    poll: bool,
    settle_s: float | None,
    plain: bool,
) -> None:
    """Watch folders, and analyse every file that lands in them or below.

    Files are never changed, moved or written beside. SIGTERM or Ctrl-C lets running jobs finish for 'stop_s' seconds
    (10), hands the rest back to the queue and exits with 0; nothing is lost, the next start goes on. On a terminal a live
    view stands below the log lines.

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
    with live_view(engine, folders, wanted=not plain) as say:

        def ask_to_stop(number: int, frame: FrameType | None) -> None:
            stop.set()
            say(STOPPING)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, ask_to_stop)
        say("loading the detectors")
        with ready_pool(settings, should_stop=stop.is_set) as pool:
            service = Service(engine, settings, [f.absolute() for f in folders], pool)
            if not stop.is_set():
                say("watching")
            service.run(stop, once=once)
    if once and service.failed:
        ctx.exit(1)
