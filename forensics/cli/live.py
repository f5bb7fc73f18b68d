"""The live view of `forensics watch` on a terminal: it looks on, and takes part in nothing.

One thread asks the database now and then, for a twentieth of the time at most; another one paints. While the view is
shown, what this process and its workers write to the terminal goes through a pipe and is printed above the view: no
library's message ends up inside it. A terminal that goes away ends the view, not the daemon.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console, ConsoleDimensions, Group
from rich.live import Live
from rich.text import Text
from sqlalchemy import Engine

from ..clock import utc_now
from ..errors import ForensicsError
from ..escaping import shown
from ..store.database import reading
from ..store.queries.recent import Recent, recent
from .common import printed
from .live_layout import MOST_LINES, LiveState, Screen, lines
from .terminal_capture import PIPE_BYTES, Takeover, suspendable

LOOK_S = 1.0
LOOK_SHARE = 0.05
LAST_LOOK_S = 1.0
PAINT_S = 0.5
RELAY_S = 0.05  # what is written within is printed at once

Say = Callable[[str], None]


def is_possible() -> bool:
    """Say whether log lines go to a terminal that can be painted on."""
    return sys.stderr.isatty() and Console(stderr=True).is_interactive


@contextmanager
def live_view(engine: Engine, folders: Sequence[Path], *, wanted: bool) -> Iterator[Say]:
    """Show the view while the block runs, if it is wanted and possible; the block says how things stand.

    The terminal is left as it was, whatever ends the block.
    """
    if not wanted or not is_possible():
        yield lambda state: None
        return
    with Takeover() as taken:
        view = View(engine, tuple(shown(str(folder)) for folder in folders), taken)
        view.start()
        try:
            with suspendable(taken.terminal):
                yield view.say
        finally:
            view.end()


class View:
    """What is shown, and the two threads that see to it."""

    def __init__(self, engine: Engine, folders: tuple[str, ...], taken: Takeover) -> None:
        self._engine, self._folders, self._taken = engine, folders, taken
        self._console = Console(file=taken.terminal, highlight=False)
        self._state, self._is_away = "", False
        self._recent: Recent | None = None
        self._over = threading.Event()
        self._looker = threading.Thread(target=self._look, name="live-look", daemon=True)
        self._painter = threading.Thread(target=self._paint, name="live-paint", daemon=True)

    def start(self) -> None:
        """Begin to look and to paint."""
        self._looker.start()
        self._painter.start()

    def say(self, state: str) -> None:
        """Note how things stand."""
        self._state = state

    def end(self) -> None:
        """Give the terminal back, print what is left in the pipe, and leave the view as it is in the end."""
        self._over.set()
        self._looker.join(LAST_LOOK_S)
        self._taken.give_back()
        self._painter.join()

    def _look(self) -> None:
        """Ask the database again and again, and once more at the end."""
        pause_s = 0.0
        while not self._over.wait(pause_s):
            began = time.monotonic()
            self._look_once()
            pause_s = max(LOOK_S, (time.monotonic() - began) / LOOK_SHARE)
        self._look_once()

    def _look_once(self) -> None:
        try:
            with reading(self._engine) as session:
                self._recent = recent(session, utc_now(), MOST_LINES)
            self._is_away = False
        except ForensicsError:
            self._is_away = True

    def _paint(self) -> None:
        """Paint until it is over; when that fails, let what this process writes go its own way again."""
        try:
            self._paint_all()
        except OSError:
            pass  # the terminal is gone
        finally:
            self._taken.give_back()
            while not self._over.wait(RELAY_S):
                self._taken.read(RELAY_S)  # what the workers write: a full pipe would hold them up

    def _paint_all(self) -> None:
        rest, painted, last = b"", float("-inf"), list[Text]()
        with Live(
            console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        ) as live:
            while True:
                is_taken = self._taken.is_taken
                data = self._taken.read(RELAY_S)
                if not is_taken and not data:
                    break
                self._console.size = ConsoleDimensions(*self._taken.size())
                rest = self._relay(rest + data)
                if time.monotonic() - painted >= PAINT_S and (now := self._lines()) != last:
                    live.update(Group(*now), refresh=True)
                    painted, last = time.monotonic(), now
            self._relay(rest + b"\n" if rest else b"")
            self._state = "stopped"
            live.update(Group(*self._lines()), refresh=True)

    def _relay(self, data: bytes) -> bytes:
        """Print whole lines above the view; returns the beginning of the next one."""
        whole, end, rest = data.rpartition(b"\n")
        if len(rest) > PIPE_BYTES:
            whole, end, rest = data, b"\n", b""
        if end:
            text = whole.decode("utf-8", "backslashreplace")
            self._console.print(printed(text), soft_wrap=True)
            self._over.wait(RELAY_S)
        return rest

    def _lines(self) -> list[Text]:
        width, height = self._console.size
        dots = "…" if self._console.encoding.startswith("utf") else "..."
        now = utc_now()
        live = LiveState(self._state, self._folders, self._recent, self._is_away, now)
        return lines(live, Screen(width, height, dots))
