"""The live view on a real terminal: it begins, shows a verdict, and leaves the terminal as it was."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..distributions import write_distribution, write_still
from ..distributions.colour.forensics_colour import FAKE, HANGS
from ..terminals import COLOURED, SEQUENCE, WAIT_S, Terminal, opened

SHOW, HIDE = "\x1b[?25h", "\x1b[?25l"
VERDICT = re.compile(r"fake +\d\d:\d\d:\d\d +red\.png")
RULE = "── forensics watch ──"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with opened(tmp_path) as found:
        yield found


def shows_verdict(said: str) -> object:
    return VERDICT.search(SEQUENCE.sub("", said))


def test_view_shows_a_verdict_and_ctrl_c_ends_it_with_the_terminal_as_it_was(
    terminal: Terminal,
) -> None:
    before = termios.tcgetattr(terminal.theirs)
    process = terminal.start("watch", terminal.home / "inbox")
    terminal.wait_for(lambda said: RULE in said)
    write_still(terminal.home / "inbox" / "red.png", FAKE)
    terminal.wait_for(shows_verdict)
    os.write(terminal.ours, b"\x03")
    assert terminal.end(process) == 0
    assert termios.tcgetattr(terminal.theirs) == before
    assert terminal.said.rindex(SHOW) > terminal.said.rindex(HIDE)
    assert "inbox   stopped" in terminal.text
    assert COLOURED.search(terminal.said)


def test_sigterm_hands_the_running_job_back_and_the_view_says_so(terminal: Terminal) -> None:
    terminal.environment["FORENSICS_STOP_S"] = "2"
    write_still(terminal.home / "inbox" / "blue.png", HANGS)
    process = terminal.start("watch", terminal.home / "inbox")
    terminal.wait_for(lambda said: re.search(r"running +\d+ s +blue\.png", SEQUENCE.sub("", said)))
    process.send_signal(signal.SIGTERM)
    assert terminal.end(process) == 0
    assert "inbox   stopping: what is under way may finish" in terminal.text
    assert "1 queued, 0 running" in terminal.text[terminal.text.rindex(RULE) :]
    assert "event=stopped" in terminal.text


def test_log_lines_and_what_a_plugin_prints_stand_above_the_view(terminal: Terminal) -> None:
    loud = "import sys\nprint('from the plugin \\x1b[2J', flush=True)\nx = 1\n"
    write_distribution(terminal.home, "loud", loud)
    write_still(terminal.home / "inbox" / "red.png", FAKE)
    terminal.environment["FORENSICS_PLUGINS"] = "colour,loud"
    process = terminal.start("watch", terminal.home / "inbox", "--once")
    assert terminal.end(process) == 0
    last = terminal.text[terminal.text.rindex(RULE) :]
    assert VERDICT.search(last)
    assert "event=" not in last
    assert "from the plugin \\x1b[2J" in terminal.text
    assert "event=verdict" in terminal.text


@pytest.mark.parametrize(
    ("flags", "environment"),
    [
        pytest.param(["--plain"], {}, id="plain"),
        pytest.param([], {"TERM": "dumb"}, id="dumb terminal"),
    ],
)
def test_log_lines_alone_where_no_view_is_wanted_or_possible(
    terminal: Terminal, flags: list[str], environment: dict[str, str]
) -> None:
    terminal.environment |= environment
    write_still(terminal.home / "inbox" / "red.png", FAKE)
    assert terminal.end(terminal.start("watch", terminal.home / "inbox", "--once", *flags)) == 0
    assert "event=verdict" in terminal.said
    assert "\x1b" not in terminal.said
    assert "forensics watch" not in terminal.said


def test_log_that_goes_to_a_file_stays_a_log(terminal: Terminal) -> None:
    write_still(terminal.home / "inbox" / "red.png", FAKE)
    with (terminal.home / "log").open("wb") as log:
        assert (
            terminal.end(
                terminal.start("watch", terminal.home / "inbox", "--once", errors_to=log.fileno())
            )
            == 0
        )
    assert "event=verdict" in (terminal.home / "log").read_text()
    assert terminal.said == ""


def test_view_has_no_colours_where_none_are_wanted(terminal: Terminal) -> None:
    terminal.environment["NO_COLOR"] = "1"
    write_still(terminal.home / "inbox" / "red.png", FAKE)
    assert terminal.end(terminal.start("watch", terminal.home / "inbox", "--once")) == 0
    assert VERDICT.search(terminal.text)
    assert not COLOURED.search(terminal.said)


@pytest.mark.parametrize(
    ("columns", "rows"),
    [pytest.param(30, 4, id="tiny"), pytest.param(0, 0, id="says no size")],
)
def test_terminal_of_any_size_will_do(terminal: Terminal, columns: int, rows: int) -> None:
    terminal.resize(columns, rows)
    write_still(terminal.home / "inbox" / "red.png", FAKE)
    assert terminal.end(terminal.start("watch", terminal.home / "inbox", "--once")) == 0
    assert "0 queued, 0 running" in terminal.text


def test_terminal_that_goes_away_does_not_end_the_work(terminal: Terminal) -> None:
    (terminal.home / "sitecustomize.py").write_text(
        "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    )
    process = terminal.start("watch", terminal.home / "inbox")
    terminal.wait_for(lambda said: "watching" in said)
    gone, terminal.ours, terminal.theirs = (terminal.ours, terminal.theirs), *pty.openpty()
    for descriptor in gone:
        os.close(descriptor)
    write_still(terminal.home / "inbox" / "red.png", FAKE)
    command = [sys.executable, "-m", "forensics.cli", "results", "--json"]
    until = time.monotonic() + WAIT_S
    while (
        b'"fake"'
        not in subprocess.run(
            command, env=terminal.environment, capture_output=True, check=True
        ).stdout
    ):
        assert process.poll() is None
        assert time.monotonic() < until
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT_S) == 0


def test_daemon_that_cannot_begin_gives_the_terminal_back_and_says_why(terminal: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        terminal.environment["FORENSICS_METRICS_PORT"] = str(taken.getsockname()[1])
        process = terminal.start("watch", terminal.home / "inbox")
        assert terminal.end(process) == 1
    assert terminal.said.rindex(SHOW) > terminal.said.rindex(HIDE)
    assert "choose another port" in terminal.text[terminal.text.rindex(RULE) :]
