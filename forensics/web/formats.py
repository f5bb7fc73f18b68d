"""Numbers and times as the pages show them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ..report.wording import clock, rounded

UNITS = ("B", "kB", "MB", "GB", "TB")
LABELS = {
    "fake": "Flagged",
    "real": "No indication",
    "inconclusive": "Inconclusive",
    "not_assessed": "Not assessed",
    "failed": "Failed",
    "queued": "Waiting",
    "running": "Being analysed",
    "done": "Done",
}


def moment(value: datetime | str | None) -> str:
    """Return a time in UTC, to the second."""
    if value is None:
        return ""
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def size(size_bytes: float) -> str:
    """Return a number of bytes in the unit that suits it."""
    power = min(len(str(int(size_bytes))) - 1, 12) // 3
    value, unit = size_bytes / 1000**power, UNITS[power]
    return f"{value:.0f} {unit}" if value >= 10 or not power else f"{value:.1f} {unit}"


def exact(seconds: float) -> str:
    """Return a moment of a video to the tenth of a second."""
    return f"{clock(seconds)}.{int(seconds * 10) % 10}"


def number(value: float | None, digits: int = 2) -> str:
    """Return a number, or a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def ratio(log10_lr: float | None) -> str:
    """Return a likelihood ratio as "77" or "1/77"; rounded down, as in the sentences."""
    if log10_lr is None:
        return "–"
    text = rounded(10 ** abs(log10_lr))
    return text if log10_lr >= 0 or text == "1" else f"1/{text}"


def words(token: str | None) -> str:
    """Return a label, state or reason in words."""
    return LABELS.get(token or "", (token or "").replace("_", " "))


def short(text: str, length: int = 12) -> str:
    """Return the beginning of a hash."""
    return text[:length]


def base_name(path: str | None) -> str:
    """Return the last part of a path as it is shown."""
    return (path or "").rsplit("/", 1)[-1]


FILTERS: dict[str, Callable[..., Any]] = {
    "moment": moment,
    "size": size,
    "clock": clock,
    "exact": exact,
    "number": number,
    "ratio": ratio,
    "words": words,
    "short": short,
    "base_name": base_name,
}
