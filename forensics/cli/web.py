"""`forensics web`: the pages, and the daemon behind them."""

import ipaddress
import secrets
import signal
import socket
from pathlib import Path

import click

from ..errors import ForensicsError, UsageError
from ..logs import configure
from ..settings import data_dir
from .common import load_settings, open_database

NEEDS = "run \"pip install 'media-forensics[web]'\""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="0: any free one.",
)
@click.option(
    "--inbox",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for uploads; otherwise one in your data folder.",
)
@click.option("--no-daemon", is_flag=True, help="Analyse nothing here: a daemon watches the inbox.")
@click.pass_context
def web(ctx: click.Context, host: str, port: int, inbox: Path | None, no_daemon: bool) -> None:
    """Show pages: upload, follow, read and review. Runs until SIGTERM or Ctrl-C, and analyses what is uploaded.

    On this machine only, unless --host says otherwise; then an address with a token is printed, and nobody comes in
    without it. Put a server that speaks TLS before it.

    \b
    Examples:
      forensics web                                 http://127.0.0.1:8080/
      forensics web --host 0.0.0.0                  for others too; give them the address that is printed
      forensics web --no-daemon --inbox /srv/inbox  beside a 'forensics watch /srv/inbox'
    """
    settings = load_settings(ctx)
    configure(settings)
    try:
        import uvicorn

        from ..web.app import create_app
        from ..web.background import Work
        from ..web.state import Site
    except ImportError as error:
        raise ForensicsError(f"the pages need {error.name}; {NEEDS}") from error
    engine = open_database(settings, may_upgrade=True)
    listening = listen(host, port)
    folder = (inbox or data_dir() / "inbox").absolute()
    token = None if is_loopback(host) else secrets.token_urlsafe(32)
    work = None if no_daemon else Work(engine, settings, folder)
    app = create_app(Site(settings, engine, folder, token), work)
    click.echo(address(host, listening.getsockname()[1], token))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # a line of it would hold the token
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):  # the server raises what it caught once more
        signal.signal(number, lambda *_: None)
    with listening:
        server.run(sockets=[listening])


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises UsageError for an address that can't be had."""
    try:
        family, kind, number, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, number)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(place)
            listener.listen(128)  # from here on callers wait for the pages, and are not turned away
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise UsageError(f"--host {host} --port {port}: {error.strerror}; try --port 0") from error
    return listener


def address(host: str, port: int, token: str | None) -> str:
    """Return the address to open, with the token where one is needed."""
    name = socket.gethostname() if host in ("0.0.0.0", "::") else host  # noqa: S104  compared, not bound
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{port}/" + (f"?token={token}" if token else "")
