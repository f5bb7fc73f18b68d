"""A terminal of the kernel's own (pty(7)) on which tests run the command line and read what it writes."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .distributions import COLOUR

WAIT_S = 180.0  # on a machine that is busy with other things a daemon takes minutes to start
IN_ITS_OWN_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOURED = re.compile(r"\x1b\[[0-9;]*3[0-7]m")


@dataclass
class Terminal:
    """A terminal on which a command runs, and all that was written to it. `home` has a folder `inbox`."""

    home: Path
    environment: dict[str, str]
    ours: int
    theirs: int
    said: str = ""
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self, *arguments: object, errors_to: int | None = None) -> "subprocess.Popen[bytes]":
        """Run the command line, with this as the terminal that sends it signals."""
        command = [sys.executable, "-c", IN_ITS_OWN_TERMINAL, "-m", "forensics.cli"]
        process = subprocess.Popen(
            [*command, *(str(argument) for argument in arguments)],
            env=self.environment,
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs if errors_to is None else errors_to,
        )
        self.processes.append(process)
        return process

    def read(self) -> None:
        ready, _, _ = select.select([self.ours], [], [], 0.2)
        if ready:
            self.said += os.read(self.ours, 65_536).decode("utf-8", "replace")

    def wait_for(self, seen: Callable[[str], object]) -> None:
        until = time.monotonic() + WAIT_S
        while not seen(self.said):
            if time.monotonic() > until:
                pytest.fail(self.said)
            self.read()

    def end(self, process: "subprocess.Popen[bytes]") -> int:
        """Read until the process has ended and everything is read; returns its exit status."""
        self.wait_for(lambda said: process.poll() is not None)
        while select.select([self.ours], [], [], 0)[0]:
            self.read()
        return process.returncode

    @property
    def text(self) -> str:
        """What was written, without the terminal's commands."""
        return SEQUENCE.sub("", self.said)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


@contextmanager
def opened(home: Path) -> Iterator[Terminal]:
    """Give a terminal of 100 columns and 30 lines; what still runs on it at the end is killed."""
    (home / "inbox").mkdir()
    environment = {
        **{k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")},
        "FORENSICS_DATABASE_URL": f"sqlite:///{home / 'forensics.sqlite3'}",
        "FORENSICS_PLUGINS": "colour",
        "FORENSICS_SETTLE_S": "0",
        "FORENSICS_THREADS": "1",
        "PYTHONPATH": os.pathsep.join((str(home), str(COLOUR))),
        "PYTHONUTF8": "1",
        "TERM": "xterm",
        "XDG_CONFIG_HOME": str(home),
    }
    ours, theirs = pty.openpty()
    found = Terminal(home, environment, ours, theirs)
    found.resize(100, 30)
    yield found
    for process in found.processes:
        process.kill()
        process.wait()
    os.close(found.ours)
    os.close(found.theirs)
