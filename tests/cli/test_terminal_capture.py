"""What `scan` and `show` print on a terminal: a bar with the time left, colours, and nothing that it can't print."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..distributions import write_still
from ..distributions.colour.forensics_colour import FAKE, SLOW
from ..terminals import COLOURED, Terminal, opened

EVIL = "a\x1b[2J\x07画.png"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with opened(tmp_path) as found:
        yield found


def test_scan_shows_a_bar_with_the_time_left_and_escapes_the_names_beside_it(
    terminal: Terminal,
) -> None:
    write_still(terminal.home / "inbox" / EVIL, SLOW)
    for number in range(4):
        write_still(terminal.home / "inbox" / f"{number}.png", SLOW, side=32 + number)
    assert terminal.end(terminal.start("scan", terminal.home / "inbox")) == 0
    assert re.search(r"3/5 0:00:0\d left", terminal.text)
    assert "a\\x1b[2J\\x07画.png: colour" in terminal.text
    assert "\x1b[2J" not in terminal.said
    assert "\x07" not in terminal.said


def test_show_has_colours_on_a_terminal_that_can_and_none_elsewhere(terminal: Terminal) -> None:
    path = write_still(terminal.home / "inbox" / EVIL, FAKE)
    assert terminal.end(terminal.start("scan", "--json", path)) == 0
    for environment, coloured in (
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ):
        terminal.environment |= environment
        terminal.said = ""
        assert terminal.end(terminal.start("show", path)) == 0
        assert "a\\x1b[2J\\x07画.png" in terminal.text
        assert bool(COLOURED.search(terminal.said)) == coloured


@pytest.mark.parametrize("command", [["show", "1"], ["results"], ["results", "--csv"]])
def test_name_that_the_terminals_encoding_has_not_is_escaped(
    terminal: Terminal, command: list[str]
) -> None:
    path = write_still(terminal.home / "inbox" / EVIL, FAKE)
    assert terminal.end(terminal.start("scan", "--json", path)) == 0
    terminal.said = ""
    terminal.environment |= {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    assert terminal.end(terminal.start(*command)) == 0
    assert "\\x07\\u753b.png" in terminal.text.replace("\r\n", "")
