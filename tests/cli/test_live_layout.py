"""The live view's text: what fits, what is left out first, and that names give the terminal no commands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from forensics.cli.live_layout import AWAY, LiveState, Screen, from_end, lines, span
from forensics.errors import ErrorCode
from forensics.records import Label, Reason
from forensics.store.queries.queue_status import RunningLine
from forensics.store.queries.recent import EndedLine, Recent

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def ended(name: str, label: Label | None, why: Reason | ErrorCode | None) -> EndedLine:
    reason, error = (None, why) if isinstance(why, ErrorCode) else (why, None)
    return EndedLine(f"/in/{name}", label, reason, error, NOW)


FOUND = Recent(
    queued=90,
    oldest_waiting=NOW - timedelta(seconds=75),
    running=(RunningLine("/in/now.mp4", NOW - timedelta(seconds=4)),),
    per_minute=30.0,
    ended=(
        ended("b.mp4", Label.FAKE, None),
        ended("a.mp4", Label.INCONCLUSIVE, Reason.LOW_QUALITY),
        ended("notes.mp4", None, ErrorCode.UNSUPPORTED),
    ),
)
SEEN = LiveState("watching", ("/in",), FOUND, False, NOW)
CLOCK = f"{NOW.astimezone():%H:%M:%S}"


def text(seen: LiveState, width: int, height: int, dots: str = "…") -> list[str]:
    return [line.plain.rstrip() for line in lines(seen, Screen(width, height, dots))]


def test_view_says_queue_rate_time_left_and_last_verdicts() -> None:
    assert text(SEEN, 90, 24) == [
        "── forensics watch " + "─" * 71,
        "/in   watching",
        "90 queued, 1 running, 30 files a minute, about 3 min left, oldest waits 1 min 15 s",
        "running       4 s       now.mp4",
        "",
        f"fake          {CLOCK}                      b.mp4",
        f"inconclusive  {CLOCK}  low_quality         a.mp4",
        f"failed        {CLOCK}  unsupported         notes.mp4",
    ]


def test_narrow_terminal_leaves_out_the_reasons() -> None:
    assert text(SEEN, 40, 24)[5] == f"fake          {CLOCK}  b.mp4"
    assert all(line.cell_len <= 40 for line in lines(SEEN, Screen(40, 24)))


@pytest.mark.parametrize(
    ("height", "shown"),
    [
        pytest.param(24, 8, id="usual"),
        pytest.param(10, 6, id="low"),
        pytest.param(7, 4, id="no room for verdicts"),
        pytest.param(4, 1, id="the figures alone"),
        pytest.param(1, 1, id="one line"),
    ],
)
def test_low_terminal_keeps_a_third_of_its_lines_for_the_log(height: int, shown: int) -> None:
    assert len(lines(SEEN, Screen(80, height))) == shown
    assert shown <= max(1, height * 2 // 3)


@pytest.mark.parametrize("width", [1, 5, 20])
def test_no_terminal_is_too_narrow(width: int) -> None:
    assert all(line.cell_len <= width for line in lines(SEEN, Screen(width, 24)))


def test_name_that_would_command_the_terminal_is_escaped() -> None:
    evil = EndedLine("/in/\x1b[2J\r\nfake\x07.mp4", Label.REAL, None, None, NOW)
    said = text(replace(SEEN, recent=replace(FOUND, ended=(evil,))), 120, 24)
    assert said[-1].endswith("\\x1b[2J\\x0d\\nfake\\x07.mp4")


def test_rows_have_their_labels_colour_and_paths_none() -> None:
    (fake,) = [line for line in lines(SEEN, Screen(90, 24)) if line.plain.startswith("fake")]
    assert [(fake.plain[s.start : s.end].strip(), s.style) for s in fake.spans] == [
        ("fake", "bold red")
    ]


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        pytest.param(replace(SEEN, recent=None, state="loading"), "queue not known yet", id="first"),
        pytest.param(replace(SEEN, is_away=True), AWAY, id="database away"),
        pytest.param(replace(SEEN, folders=("/in", "/more", "/most")), "/in and 2 more", id="many"),
        pytest.param(replace(SEEN, recent=replace(FOUND, per_minute=0.0)), "1 running, oldest", id="no rate"),
    ],
)  # fmt: skip
def test_view_says_how_things_stand(seen: LiveState, words: str) -> None:
    assert any(words in line for line in text(seen, 100, 24))


def test_encoding_without_lines_has_dashes() -> None:
    said = text(SEEN, 30, 24, dots="...")
    assert said[0] == "-- forensics watch " + "-" * 11
    assert "\n".join(said).isascii()


@pytest.mark.parametrize(
    ("path", "room", "kept"),
    [
        pytest.param("/in/a.mp4", 9, "/in/a.mp4", id="fits"),
        pytest.param("/in/abc.mp4", 6, "…c.mp4", id="its end"),
        pytest.param("/in/画像.mp4", 8, "…像.mp4 ", id="wide characters"),
    ],
)
def test_long_path_keeps_its_end(path: str, room: int, kept: str) -> None:
    assert from_end(path, room, "…") == kept


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        pytest.param(0.4, "0 s", id="nothing"),
        pytest.param(59, "59 s", id="seconds"),
        pytest.param(60, "1 min", id="a minute"),
        pytest.param(3700, "1 h 1 min", id="hours"),
        pytest.param(90_000, "1 d 1 h", id="days"),
        pytest.param(1e7, "115 d 17 h", id="long"),
    ],
)
def test_time_is_said_in_two_units(seconds: float, said: str) -> None:
    assert span(seconds) == said
