"""Log lines: one line each, whatever they tell of."""

import json
import logging
import os

import pytest

from forensics.logs import Lines, quoted


@pytest.mark.parametrize(
    ("value", "word"),
    [
        pytest.param("/in/clip.mp4", "/in/clip.mp4", id="plain"),
        pytest.param("/in/Zoë.mp4", "/in/Zoë.mp4", id="UTF-8"),
        pytest.param("two words", '"two words"', id="space"),
        pytest.param("", '""', id="empty"),
        pytest.param("a\x1b[2J", '"a\\u001b[2J"', id="escape"),
        pytest.param("a\x7f\x9b", '"a\\u007f\\u009b"', id="delete and C1"),
        pytest.param("a\u202eb", '"a\\u202eb"', id="turned"),
        pytest.param("a\u2028b", '"a\\u2028b"', id="line separator"),
        pytest.param(os.fsdecode(b"\xe9"), '"\\udce9"', id="not UTF-8"),
    ],
)
def test_value_stays_one_printable_word(value: str, word: str) -> None:
    assert quoted(value) == word
    assert word.isprintable()


@pytest.mark.parametrize("as_json", [True, False])
def test_line_holds_no_control_character(as_json: bool) -> None:
    record = logging.LogRecord("forensics", logging.INFO, "", 0, "\x1b]0;title\x07", (), None)
    record.folder = "a\r\n\x1b[2J"
    line = Lines(as_json=as_json).format(record)
    assert line.isprintable()
    assert not as_json or json.loads(line)["folder"] == "a\r\n\x1b[2J"
