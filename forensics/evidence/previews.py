"""Copies of videos and pictures for browsers that can't play the original, made on demand and kept in the evidence folder.

A copy is a WebM (VP9, at most 640 px wide, without sound) or, of a still, a JPEG. It is for looking at and is never examined. Its
times are those of the original. It is made by `preview_process`, in a confined process of its own that is killed when its time is over:
the file is hostile input. This module imports neither torch nor OpenCV.
"""

import json
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Engine, select

from ..files import write_whole
from ..process.child import Child
from ..records import MediaInfo, MediaKind
from ..settings import Settings
from ..store.database import reading
from ..store.models import Media
from ..store.queries.files import held_files
from .folder import EvidenceFolder, is_older

log = logging.getLogger(__name__)

Plain = Mapping[str, Any]

MODULE = "forensics.evidence.preview_process"
FOLDER = "copies"
MADE_BY = "vp9-640-1"
"""What a copy was made with. Part of its name: with other parameters it is another file."""
GRACE_S = 30.0  # more than the time after which the process ends the copy by itself
MAKING = ".making-"
DAY_S = 86_400.0
WAITING = 8
FORGET_S = 30.0  # for so long the same failure is reported; a later request tries again

# As browsers have them in common: https://developer.mozilla.org/docs/Web/Media/Guides/Formats, looked at in November 2026.
PLAYABLE: Mapping[str, frozenset[str]] = {
    "mp4": frozenset({"h264", "av1", "libdav1d", "vp9"}),
    "webm": frozenset({"vp8", "vp9", "av1", "libdav1d", "libvpx", "libvpx-vp9"}),
}
MEDIA_TYPES = {"mp4": "video/mp4", "webm": "video/webm"}
PICTURES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "avif": "image/avif",
}


class CopyState(StrEnum):
    """How far a copy is."""

    READY = "ready"
    MAKING = "making"
    FAILED = "failed"


@dataclass(frozen=True)
class Copy:
    """A copy, or what becomes of it. `share` of the work is done, from 0 to 1; `message` is a sentence for people.

    `until_s` is where a copy ends before the original does, because making it took too long or it became too large.
    """

    state: CopyState
    path: Path | None = None
    media_type: str = "video/webm"
    share: float = 0.0
    message: str = ""
    until_s: float | None = None

    def plain(self) -> dict[str, Any]:
        """Return what a page may know, as JSON values."""
        values = asdict(self)
        del values["path"]
        return values


def playable(media: MediaInfo) -> str | None:
    """Return the media type under which browsers show a file as it is, or None.

    Headers do not tell all, such as a depth of 10 bits: where a browser gives up, the player asks for a copy all the same.
    """
    if media.kind is MediaKind.STILL:
        return PICTURES.get(media.container)
    names = media.container.split(",")  # as FFmpeg has them: mov,mp4,m4a,3gp,3g2,mj2
    family = next((name for name in PLAYABLE if name in names), None)
    return MEDIA_TYPES[family] if family and media.codec in PLAYABLE[family] else None


class Copies:
    """The copies of a database's media. One is made at a time; asking never waits."""

    def __init__(
        self, settings: Settings, engine: Engine, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings, self._engine, self._clock = settings, engine, clock
        self._lock = Lock()
        self._under_way: dict[str, Copy] = {}
        self._failed: dict[str, tuple[float, Copy]] = {}
        self._child: Child | None = None
        self._maker = ThreadPoolExecutor(1, "copies")
        self._closed = False

    def ask(self, media: MediaInfo) -> Copy:
        """Return a file's copy, kept or under way; with none of both its making begins."""
        sha256 = media.sha256
        if kept := self.kept(media):
            return kept
        if self._settings.thumbnails != "on":
            return failed("No copy is made: the setting 'thumbnails' is not 'on'.")
        with self._lock:
            if sha256 in self._under_way:
                return self._under_way[sha256]
            since, copy = self._failed.get(sha256, (0.0, None))
            if copy and self._clock() - since < FORGET_S:
                return copy
            if self._closed or len(self._under_way) >= WAITING:
                return failed("Too many copies are being made; try again in a minute.")
            self._under_way[sha256] = Copy(CopyState.MAKING, message="A copy is about to be made.")
            self._maker.submit(self.make, media)
            return self._under_way[sha256]

    def make(self, media: MediaInfo) -> Copy:
        """Make a file's copy, which is what `ask` begins, and return what became of it."""
        sha256 = media.sha256
        try:
            problem = self._problem(media)
        except Exception as error:
            log.exception("no copy was made", extra={"sha256": sha256})
            problem = f"No copy could be made: {type(error).__name__}."
        made = None if problem else self.kept(media)
        with self._lock:
            self._under_way.pop(sha256, None)
            if made is None:
                made = failed(problem or "The copy was removed as soon as it was made.")
                self._failed[sha256] = (self._clock(), made)
        return made

    def kept(self, media: MediaInfo) -> Copy | None:
        """Return a file's copy if there is one; nothing is started."""
        still = media.kind is MediaKind.STILL
        path = place(self._settings, media.sha256, "jpg" if still else "webm")
        if not path.is_file():
            return None
        until_s = None
        if not still and path.with_suffix(".json").is_file():
            until_s = json.loads(path.with_suffix(".json").read_bytes())["until_s"]
        kind = "image/jpeg" if still else "video/webm"
        message = "" if until_s is None else f"The copy ends after {until_s:.0f} seconds."
        return Copy(CopyState.READY, path, kind, 1.0, message, until_s)

    def close(self) -> None:
        """End what is under way."""
        with self._lock:
            self._closed = True
            if self._child:
                self._child.kill()
        self._maker.shutdown(cancel_futures=True)

    def _problem(self, media: MediaInfo) -> str:
        """Have a copy made and put it into its place; returns what went wrong, or an empty text."""
        sha256 = media.sha256
        folder = place(self._settings, sha256, "webm").parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(prefix=MAKING, dir=folder) as scratch:
            end: dict[str, Any] = {}
            for end in self._answers(
                request_for(self._settings, self._paths(sha256), media, scratch)
            ):
                self._note(media, end)
            if "file" not in end:
                return str(end.get("problem", "No copy could be made: its process was ended."))
            file = Path(scratch, Path(end["file"]).name)
            if (
                file.is_symlink()
            ):  # a hostile file may have taken the process over, to have others shown
                return "No copy could be made: its process made something else."
            if not self._paths(sha256):
                return "No copy is kept: the file was removed meanwhile."
            keep(self._settings, sha256, file, end["until_s"])
        return ""

    def _paths(self, sha256: str) -> list[str]:
        with reading(self._engine) as session:
            media_id = session.scalar(select(Media.id).where(Media.sha256 == sha256))
        return [file.path for file in held_files(self._engine, media_id or 0)]

    def _note(self, media: MediaInfo, answer: Plain) -> None:
        """Note how far the copy is."""
        if "at_s" not in answer or not media.duration_s:
            return
        share = min(answer["at_s"] / media.duration_s, 1.0)
        with self._lock:
            self._under_way[media.sha256] = Copy(
                CopyState.MAKING, share=share, message="A copy is being made."
            )

    def _answers(self, request: Plain) -> Iterator[dict[str, Any]]:
        """Yield what the process answers; it is killed when its time is over, or when this is closed."""
        with self._lock:
            if self._closed:
                return
            self._child = child = Child(MODULE, request["budget_s"] + GRACE_S)
        with child:
            child.send(request)
            yield from child.lines()


def failed(why: str) -> Copy:
    """Return what stands in the place of a copy."""
    return Copy(CopyState.FAILED, message=why)


def request_for(
    settings: Settings, paths: list[str], media: MediaInfo, scratch: str
) -> dict[str, Any]:
    """Return what `preview_process` is asked for, as JSON values."""
    return {
        "paths": paths,
        "scratch": scratch,
        "sha256": media.sha256,
        "budget_s": settings.deadline_max_s,
        "settings": asdict(settings),
    }


def place(settings: Settings, sha256: str, ending: str) -> Path:
    """Return where the copy of a content is kept."""
    return EvidenceFolder(settings).root / FOLDER / sha256[:2] / f"{sha256}.{MADE_BY}.{ending}"


def keep(settings: Settings, sha256: str, made: Path, until_s: float | None) -> None:
    """Put what was made into its place, whole or not at all; where it ends early, that is noted beside it first."""
    path = place(settings, sha256, made.suffix[1:])
    if until_s is not None:
        note = json.dumps({"until_s": until_s}).encode()
        write_whole(path.with_suffix(".json"), note)
    made.replace(path)


def forget(settings: Settings, sha256: str) -> int:
    """Erase the copies of a content, whatever they were made with; returns how many files that were."""
    paths = [*place(settings, sha256, "webm").parent.glob(f"{sha256}.*")]
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)


def forget_older(settings: Settings, keep_s: float, now: float) -> int:
    """Erase copies that were made more than `keep_s` before `now`, both in seconds; returns how many files that were."""
    folder, count = EvidenceFolder(settings).root / FOLDER, 0
    for path in folder.glob("??/*.*"):
        if path.name.startswith(MAKING) and is_older(path, now, settings.deadline_max_s + DAY_S):
            shutil.rmtree(path, ignore_errors=True)  # of a process that was killed
        elif path.is_file() and is_older(path, now, keep_s):
            path.unlink(missing_ok=True)
            count += 1
    return count
