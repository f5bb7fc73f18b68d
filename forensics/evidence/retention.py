"""What goes from the evidence folder: pictures past their time, and whatever belongs to a verdict that is erased.

Artifacts can't be made again and go with their verdict alone.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from ..clock import utc_now
from ..errors import UnreachableError
from ..settings import Settings
from ..store.ledger.purge import Traces
from . import previews
from .folder import PICTURE, YOUNG_S, EvidenceFolder, is_older, remove

log = logging.getLogger(__name__)

DAY_S = 86_400.0
OFTEN_S = 6 * 3600.0  # between looks of the daemon


@dataclass(frozen=True)
class Cleaned:
    """How many files went. `verdicts` have no pictures any more until somebody asks for them."""

    verdicts: int
    pictures: int
    copies: int


@dataclass(frozen=True)
class Holding:
    """How many files of a kind the folder has, and their size."""

    files: int
    size_bytes: int


def clean(settings: Settings, now: float) -> Cleaned:
    """Remove pictures and copies older than `evidence_keep_days`, those of another kind than `thumbnails`, and leavings.

    `now` is in seconds of the epoch. Raises UnreachableError when the folder does not allow it.
    """
    folder, keep_s = EvidenceFolder(settings), settings.evidence_keep_days * DAY_S
    with folder.answering():
        copies = previews.forget_older(settings, keep_s, now) if keep_s else 0
        if settings.thumbnails != "on":
            copies += previews.forget_older(settings, 0.0, now)
        notes = list(outdated(folder, settings.thumbnails, keep_s, now))
        gone = {sha256 for note in notes for sha256 in named_in(note)}
        verdicts = remove(notes)
        remove(folder.left_halves(now))
        unnamed = sweep(folder, lambda path: path.stem in gone or is_older(path, now, YOUNG_S))
        return Cleaned(verdicts, unnamed, copies)


def outdated(folder: EvidenceFolder, thumbnails: str, keep_s: float, now: float) -> Iterator[Path]:
    """Yield the notes of pictures that are too old, or of another kind than is wanted now."""
    for note in folder.notes():
        is_old = bool(keep_s) and is_older(note, now, keep_s)
        if is_old or noted(note).get("thumbnails") != thumbnails:
            yield note


def sweep(folder: EvidenceFolder, goes: Callable[[Path], bool] = lambda path: True) -> int:
    """Remove those of the pictures that no note names; returns how many. One may just be being made."""
    named = {sha256 for note in folder.notes() for sha256 in named_in(note)}
    unnamed = (path for path in folder.pictures() if path.stem not in named)
    return remove([path for path in unnamed if goes(path)])


def noted(note: Path) -> dict[str, object]:
    """Return what is noted; nothing for a note that is gone or spoilt."""
    try:
        values = json.loads(note.read_bytes())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def named_in(note: Path) -> Iterator[str]:
    """Yield the hashes of the pictures that are noted."""
    pictures = noted(note).get("pictures")
    for picture in pictures if isinstance(pictures, list) else ():
        yield str(picture["sha256"])


def forget(settings: Settings, traces: Traces) -> int:
    """Remove all that the folder has of verdicts that are being erased; returns how many files. Raises UnreachableError.

    Pictures that no verdict names go as well, however new they are: they may be of one that was erased.
    """
    folder = EvidenceFolder(settings)
    with folder.answering():
        notes = [folder.shots_place(verdict_hash) for verdict_hash in traces.verdicts]
        pictures = [folder.place(name, PICTURE) for note in notes for name in named_in(note)]
        artifacts = [folder.place(sha256) for sha256 in traces.artifacts]
        count = remove([*notes, *pictures, *artifacts])
        count += sum(previews.forget(settings, sha256) for sha256 in traces.media)
        return count + sweep(folder)


def holdings(settings: Settings) -> dict[str, Holding]:
    """Return what the folder has, by kind. Raises UnreachableError when it can't be read."""
    folder = EvidenceFolder(settings)
    with folder.answering():
        return {
            "artifacts": held(folder.artifacts()),
            "pictures": held(folder.pictures()),
            "copies": held(folder.root.glob(f"{previews.FOLDER}/??/*.*")),
        }


def held(paths: Iterable[Path]) -> Holding:
    """Return the number and size of files."""
    sizes = [path.stat().st_size for path in paths if path.is_file()]
    return Holding(len(sizes), sum(sizes))


class Keeper:
    """Cleans the folder now and then, in a thread of its own: a folder may be large."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._looked = float("-inf")
        self._thread: Thread | None = None

    def look(self) -> None:
        """Begin to clean if it is time to, and return at once."""
        if self._clock() - self._looked < OFTEN_S or (self._thread and self._thread.is_alive()):
            return
        self._looked = self._clock()
        self._thread = Thread(target=self._clean, name="retention", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait for what was begun."""
        if self._thread:
            self._thread.join()

    def _clean(self) -> None:
        try:
            cleaned = clean(self._settings, utc_now().timestamp())
        except UnreachableError as error:
            log.warning("evidence folder not cleaned", extra={"why": str(error)})
            return
        if cleaned.pictures or cleaned.copies:
            log.info(
                "old pictures removed",
                extra={"pictures": cleaned.pictures, "copies": cleaned.copies},
            )
