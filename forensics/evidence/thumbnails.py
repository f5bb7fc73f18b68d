"""Pictures of what was analysed, made when they are first asked for and kept in the evidence folder.

The file is hostile input: `thumbnail_process` decodes it, in a confined process of its own that is killed when its time is over.
This module imports neither torch nor OpenCV.
"""

import base64
import json
import logging
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Engine, select

from ..errors import StoreError
from ..process.child import Child
from ..records import Box, StoredVerdict, overlay
from ..settings import Settings
from ..store.database import reading
from ..store.models import Analysis, VerdictRow
from ..store.queries.files import HeldFile, held_files
from ..store.queries.stored_verdicts import read_verdict
from . import thumbnail_request
from .folder import PICTURE, EvidenceFolder

__all__ = ["FaceShot", "FrameShot", "Gallery", "Picture", "Shots", "overlay"]

log = logging.getLogger(__name__)

Plain = Mapping[str, Any]

MODULE = "forensics.evidence.thumbnail_process"
MADE_BY = 1
"""Raised when pictures are made otherwise: those made before are made again."""
FORGET_S = 30.0  # for so long the same lack is reported; a later request tries again
LARGEST_BYTES = 1_000_000  # of one picture
OFF = "There are no pictures: the setting 'thumbnails' is 'off'."
JPEG = b"\xff\xd8\xff"  # as every JPEG begins
NONSENSE = "There are no pictures: the process that was to make them was disturbed by the file."
NO_TIMES = "There are no pictures: the moments that were sampled are not on record."


@dataclass(frozen=True)
class Picture:
    """A JPEG in the evidence folder."""

    sha256: str
    path: Path
    width: int
    height: int


@dataclass(frozen=True)
class FrameShot:
    """A whole sampled frame, at most 320 px wide."""

    time_s: float
    picture: Picture


@dataclass(frozen=True)
class FaceShot:
    """A face of one track in one sampled frame: the square that the network saw, scaled to 160 px.

    `region` is that square in the upright frame: left, top, side; it may reach beyond the frame's edges.
    """

    track: int
    time_s: float
    box: Box
    region: tuple[float, float, float]
    picture: Picture


@dataclass(frozen=True)
class Shots:
    """The pictures of one verdict in order of time; `lacking` says in a sentence why there are none, or fewer."""

    frames: tuple[FrameShot, ...]
    faces: tuple[FaceShot, ...]
    lacking: str | None


class Gallery:
    """The pictures and artifacts of a database's verdicts."""

    def __init__(
        self, settings: Settings, engine: Engine, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings, self._engine, self._clock = settings, engine, clock
        self._folder = EvidenceFolder(settings)
        self._lacking: dict[int, tuple[float, Shots]] = {}
        self._lock = Lock()

    def shots(self, verdict_id: int) -> Shots:
        """Return a verdict's pictures. The first call decodes the file again; a later one reads what was noted.

        Faces are those of the first detector that left maps. Raises UnreachableError when the database does not answer.
        """
        if self._settings.thumbnails == "off":
            return Shots((), (), OFF)
        with reading(self._engine) as session:
            wanted = select(VerdictRow.hash, VerdictRow.payload, Analysis.media_id)
            row = session.execute(
                wanted.join(Analysis).where(VerdictRow.id == verdict_id)
            ).one_or_none()
        if row is None:
            return Shots((), (), f"There are no pictures: there is no verdict {verdict_id}.")
        with self._lock:
            kept = self._kept(row.hash)
            if kept is not None:
                return kept
            since, shots = self._lacking.get(verdict_id, (0.0, None))
            if shots is None or self._clock() - since >= FORGET_S:
                shots = self._made(row.hash, read_verdict(row.payload), row.media_id)
                self._lacking[verdict_id] = self._clock(), shots
            return shots

    def artifact(self, sha256: str) -> Path | None:
        """Return the file with the bytes that a detector left; None where they are not kept."""
        return self._folder.artifact(sha256)

    def _kept(self, verdict_hash: str) -> Shots | None:
        """Return the pictures that are noted, if they are of the kind that is wanted and all there."""
        try:
            noted = json.loads(self._folder.shots_place(verdict_hash).read_bytes())
        except (OSError, ValueError):
            return None
        if (noted.get("made_by"), noted.get("thumbnails")) != (MADE_BY, self._settings.thumbnails):
            return None
        shots = shots_of(self._folder, noted["pictures"], noted["lacking"])
        pictures = [shot.picture for shot in shots.frames] + [s.picture for s in shots.faces]
        return shots if all(picture.path.is_file() for picture in pictures) else None

    def _made(self, verdict_hash: str, verdict: StoredVerdict, media_id: int) -> Shots:
        """Make pictures, keep them, and note them when there is nothing left that a later try could add."""
        if not verdict.provenance.sampled_s:
            return Shots((), (), NO_TIMES)
        try:
            lines = list(self._answers(verdict, list(held_files(self._engine, media_id))))
            pictures, lacking, is_done = self._taken(lines)
            if over := thumbnail_request.left_out(verdict):
                more = f"There are pictures of the first {thumbnail_request.MOST_FACES} faces; {over} more have none."
                lacking = lacking or more
            shots = shots_of(self._folder, pictures, lacking)
            if is_done:
                self._note(verdict_hash, pictures, lacking)
        except StoreError as error:
            return Shots((), (), f"No pictures can be kept: {error}.")
        except (ValueError, LookupError, TypeError, AttributeError):
            log.exception("no pictures", extra={"sha256": verdict.media.sha256})
            return Shots((), (), NONSENSE)
        return shots

    def _taken(self, lines: Iterable[Plain]) -> tuple[list[Plain], str | None, bool]:
        """Keep the pictures that came; returns what to note of them, what is lacking, and whether all was tried."""
        pictures: list[Plain] = []
        lacking: str | None = None
        is_done = False
        for line in lines:
            if line.get("void"):
                return [], str(line["problem"]), False
            if "problem" in line:
                lacking = str(line["problem"])
            is_done = is_done or bool(line.get("done"))
            if "jpeg" in line:
                pictures.append(self._keep(line))
        if not is_done and lacking is None:
            lacking = "Not all pictures could be made: the process that made them was ended."
        return pictures, lacking, is_done

    def _keep(self, line: Plain) -> dict[str, Any]:
        data = base64.b64decode(line["jpeg"])
        if not data.startswith(JPEG) or len(data) > LARGEST_BYTES:
            raise ValueError("what was sent is no picture")
        sha256 = self._folder.keep(data, PICTURE)
        return {**{name: value for name, value in line.items() if name != "jpeg"}, "sha256": sha256}

    def _note(self, verdict_hash: str, pictures: list[Plain], lacking: str | None) -> None:
        noted = {
            "made_by": MADE_BY,
            "thumbnails": self._settings.thumbnails,
            "pictures": pictures,
            "lacking": lacking,
        }
        self._folder.note_shots(verdict_hash, json.dumps(noted).encode())

    def _answers(self, verdict: StoredVerdict, files: list[HeldFile]) -> Iterator[dict[str, Any]]:
        """Yield what the process answers; it is killed when its time is over."""
        if not files:
            yield {"problem": "There are no pictures: the file is not known to be anywhere now."}
            return
        request = thumbnail_request.request(
            verdict, [f.path for f in files], self._settings.thumbnails
        )
        budget_s = self._settings.deadline(max(file.size_bytes for file in files))
        with (
            tempfile.TemporaryDirectory(prefix="forensics-thumbnails-") as scratch,
            Child(MODULE, budget_s) as child,
        ):
            settings = asdict(replace(self._settings, threads=0))
            child.send({**request, "settings": settings, "scratch": scratch})
            yield from child.lines()


def shots_of(folder: EvidenceFolder, pictures: Iterable[Plain], lacking: str | None) -> Shots:
    """Return pictures as noted."""
    frames, faces = [], []
    for noted in pictures:
        path = folder.place(noted["sha256"], PICTURE)
        time_s = float(noted["time_s"])
        picture = Picture(noted["sha256"], path, int(noted["width"]), int(noted["height"]))
        if "track" not in noted:
            frames.append(FrameShot(time_s, picture))
            continue
        box = (noted["box"][0], noted["box"][1], noted["box"][2], noted["box"][3])
        left, top, side = map(float, noted["region"])
        faces.append(FaceShot(int(noted["track"]), time_s, box, (left, top, side), picture))
    return Shots(tuple(frames), tuple(faces), lacking)
