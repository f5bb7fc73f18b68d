"""Data sets as they are handed out: which folder is which, and what its videos are."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ...data import DataError
from . import archives, celeb_df, dfdc, faceforensics, plain
from .video import Video

__all__ = ["LAYOUTS", "Layout", "Video", "chosen", "layout_of"]

FILTERS = ("label", "dataset", "method", "source", "identity", "split", "part", "file")


@dataclass(frozen=True)
class Layout:
    """One way to lay a data set out. `sign` says what it is told by; `read` is None where faces are cut already."""

    name: str
    sign: str
    fits: Callable[[Path], bool]
    read: Callable[[Path], list[Video]] | None


LAYOUTS = (
    Layout("crops", archives.SIGN, archives.fits, None),
    Layout("dfdc", dfdc.SIGN, dfdc.fits, dfdc.read),
    Layout("celeb-df", celeb_df.SIGN, celeb_df.fits, celeb_df.read),
    Layout("faceforensics", faceforensics.SIGN, faceforensics.fits, faceforensics.read),
    Layout("csv", plain.SIGN, plain.fits, plain.read),
)


def layout_of(source: Path, name: str | None = None) -> Layout:
    """Return the layout of that name, or the first that a folder or CSV shows signs of.

    Raises DataError that says what was looked for.
    """
    found = [one for one in LAYOUTS if (one.name == name if name else one.fits(source))]
    if found and found[0].fits(source):
        return found[0]
    signs = "; ".join(f"{one.name}: {one.sign}" for one in (found or LAYOUTS))
    raise DataError(f"{source}: no data set was recognised there; looked for {signs}")


def chosen(videos: Iterable[Video], only: Sequence[str]) -> list[Video]:
    """Return the videos that fit `KEY=PATTERN` of every key named; of patterns with one key, one is enough.

    Raises DataError for a key that no video has, and when nothing is left.
    """
    wanted: dict[str, list[str]] = {}
    for condition in only:
        key, _, pattern = condition.partition("=")
        if key not in FILTERS or not pattern:
            raise DataError(
                f"--only {condition}: must be KEY=PATTERN, KEY one of {', '.join(FILTERS)}"
            )
        wanted.setdefault(key, []).append(pattern)
    kept = [video for video in videos if all(fits(video, *one) for one in wanted.items())]
    if not kept:
        raise DataError(f"no video is left to prepare by --only {' '.join(only) or '(nothing)'}")
    return kept


def fits(video: Video, key: str, patterns: Sequence[str]) -> bool:
    """Say whether one value of a video is like any of the patterns."""
    value = {"label": video.label, "source": video.original, "file": video.name}.get(key)
    text = str(getattr(video, key)) if value is None else value
    return any(fnmatchcase(text, pattern) for pattern in patterns)
