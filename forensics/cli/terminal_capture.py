"""A terminal taken over: whatever is written to it, by this process or one that it starts, comes out of a pipe."""

import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Self, TextIO

STDOUT, STDERR = 1, 2
PIPE_BYTES = 65_536
USUAL_SIZE = (80, 24)  # of a terminal that does not say
SHOW_CURSOR, HIDE_CURSOR = b"\x1b[?25h", b"\x1b[?25l"


class Takeover:
    """Takes stderr, and stdout where that is a terminal too, until it is given back.

    `terminal` writes to the terminal itself; what its encoding does not have is escaped.
    """

    def __init__(self) -> None:
        self.terminal: TextIO = os.fdopen(
            os.dup(STDERR), "w", encoding=sys.stderr.encoding, errors="backslashreplace"
        )
        self._kept: dict[int, int] = {}
        self._source = -1
        self._giving = threading.Lock()

    def __enter__(self) -> Self:
        flush()
        self._source, sink = os.pipe()
        for descriptor in (STDOUT, STDERR):
            if os.isatty(descriptor):
                self._kept[descriptor] = os.dup(descriptor)
                os.dup2(sink, descriptor)
        os.close(sink)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.give_back()
        os.close(self._source)
        with suppress(OSError):  # the terminal is gone
            self.terminal.close()

    @property
    def is_taken(self) -> bool:
        """Say whether anything can still come out of the pipe by what this process does."""
        return bool(self._kept)

    def give_back(self) -> None:
        """Let stderr and stdout be the terminal again."""
        with self._giving:
            flush()
            while self._kept:
                descriptor, kept = self._kept.popitem()
                os.dup2(kept, descriptor)
                os.close(kept)

    def read(self, timeout_s: float) -> bytes:
        """Return what was written, after waiting for it at most `timeout_s`; nothing if there is nothing."""
        ready, _, _ = select.select([self._source], [], [], timeout_s)
        return os.read(self._source, PIPE_BYTES) if ready else b""

    def size(self) -> tuple[int, int]:
        """Return the terminal's columns and lines."""
        columns, rows = os.get_terminal_size(self.terminal.fileno())
        return columns or USUAL_SIZE[0], rows or USUAL_SIZE[1]


def flush() -> None:
    """Write out what this process holds back, as far as there is anybody to take it."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()


@contextmanager
def suspendable(terminal: TextIO) -> Iterator[None]:
    """Let Ctrl-Z give the cursor back to the shell; the view goes on when the process does."""

    def suspend(number: int, frame: FrameType | None) -> None:
        os.write(terminal.fileno(), SHOW_CURSOR)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.write(terminal.fileno(), HIDE_CURSOR)

    before = signal.signal(signal.SIGTSTP, suspend)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)
