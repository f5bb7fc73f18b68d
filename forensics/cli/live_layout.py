"""The lines of the live view, from what is known to text that fits a terminal of any size."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from ..store.queries.recent import EndedLine, Recent
from .common import STYLES, printed

MOST_LINES = 16
RUNNING_LINES = 3
LABEL, WHY = 12, 18  # columns: the longest label, the longest reason or error
LOW = 3  # lines under which the figures are all there is
LEAST_PATH = 8
NARROW = 60  # columns under which a verdict's reason is left out
STATE_STYLES = {"watching": "green", "stopping": "yellow"}
AWAY = "the database does not answer"


@dataclass(frozen=True)
class LiveState:
    """What the view shows. `recent` is None until the database has answered once."""

    state: str
    folders: tuple[str, ...]
    recent: Recent | None
    is_away: bool
    now: datetime


@dataclass(frozen=True)
class Screen:
    """The terminal's size in characters, and what stands for what is left out of a path."""

    width: int
    height: int
    dots: str = "…"

    @property
    def room(self) -> int:
        """How many lines the view may have: two thirds of the terminal, so that the log stays in sight."""
        return max(1, min(MOST_LINES, self.height * 2 // 3))


def lines(live: LiveState, screen: Screen) -> list[Text]:
    """Return the view's lines, as many and as wide as there is room for, the most important kept longest."""
    if screen.room < LOW:
        return [cut(figures(live), screen)]
    above = [rule(screen), heading(live, screen), figures(live), *under_way(live, screen)]
    left = screen.room - len(above) - 1
    ended = live.recent.ended[:left] if live.recent and left > 0 else ()
    below = [Text(""), *(ended_line(job, live, screen) for job in ended)] if ended else []
    return [cut(line, screen) for line in (*above, *below)]


def rule(screen: Screen) -> Text:
    """Return the line between the log and the view."""
    dash = "─" if screen.dots == "…" else "-"
    return Text(f"{dash * 2} forensics watch ".ljust(screen.width, dash), "dim")


def heading(live: LiveState, screen: Screen) -> Text:
    """Return what is watched, and how that stands."""
    state = AWAY if live.is_away else live.state
    standing = Text(state, "red" if live.is_away else STATE_STYLES.get(state.partition(":")[0], ""))
    others = f" and {len(live.folders) - 1} more" if len(live.folders) > 1 else ""
    room = screen.width - cell_len(state) - len(others) - 3
    folder = printed(from_end(live.folders[0], max(room, LEAST_PATH), screen.dots), "bold")
    return Text.assemble(folder, others, "   ", standing)


def figures(live: LiveState) -> Text:
    """Return the queue and the rate."""
    recent = live.recent
    if recent is None:
        return Text("queue not known yet")
    parts = [f"{recent.queued} queued", f"{len(recent.running)} running"]
    if recent.per_minute:
        parts.append(f"{recent.per_minute:.{1 if recent.per_minute < 10 else 0}f} files a minute")
        if recent.queued:
            parts.append(f"about {span(60 * recent.queued / recent.per_minute)} left")
    if recent.oldest_waiting is not None:
        parts.append(f"oldest waits {since(recent.oldest_waiting, live.now)}")
    return Text(", ".join(parts))


def under_way(live: LiveState, screen: Screen) -> Iterator[Text]:
    """Yield a line for each file that is being analysed, a few at most."""
    running = live.recent.running if live.recent else ()
    for job in running[: min(RUNNING_LINES, screen.room - LOW)]:
        took = since(job.since, live.now) if job.since else ""
        yield row("running", took, job.path, live, screen)


def ended_line(job: EndedLine, live: LiveState, screen: Screen) -> Text:
    """Return the line for a job that ended."""
    what = job.label or "failed"
    why = f"{job.reason or job.error or '':<{WHY}}  " if screen.width >= NARROW else ""
    return row(what, f"{job.at.astimezone():%H:%M:%S}  {why}", job.path, live, screen)


def row(what: str, more: str, path: str, live: LiveState, screen: Screen) -> Text:
    """Return a line of a table: what, more about it, and the end of the path, below the folder if there is one."""
    start = Text.assemble(printed(f"{what:<{LABEL}}  ", STYLES.get(what, "")), f"{more:<10}")
    if len(live.folders) == 1:
        path = path.removeprefix(live.folders[0].rstrip("/") + "/")
    room = max(screen.width - start.cell_len, LEAST_PATH)
    return Text.assemble(start, printed(from_end(path, room, screen.dots)))


def cut(line: Text, screen: Screen) -> Text:
    """Return a line no wider than the terminal."""
    if line.cell_len <= screen.width:
        return line
    cropped = line.copy()
    cropped.truncate(screen.width, overflow="crop")
    return cropped


def from_end(path: str, room: int, dots: str) -> str:
    """Return a path, or as much of its end as there is room for."""
    path = printed(path).plain.replace("\n", "\\n")
    if cell_len(path) <= room:
        return path
    kept = path[-room:]
    while kept and cell_len(kept) > room - len(dots):
        kept = kept[1:]
    return set_cell_size(dots + kept, room)


def since(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment was."""
    return span(max(0.0, (now - moment).total_seconds()))


def span(seconds: float) -> str:
    """Return a length of time in the two units that matter."""
    whole = round(seconds)
    units: Sequence[tuple[int, str]] = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    for (size, name), (part, part_name) in pairwise(units):
        if whole >= size:
            rest = whole % size // part
            return (
                f"{whole // size} {name} {rest} {part_name}" if rest else f"{whole // size} {name}"
            )
    return f"{whole} s"
