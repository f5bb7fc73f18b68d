"""Frames to face tracks and square crops. Needs torch only once a FaceFinder is made."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from ..concurrency import parallel_map, single_thread
from ..media.shot_change import Colours, colours, has_changed
from ..records import Box, FaceTrack, Frame
from .crops import (
    CropGeometry,
    Quality,
    crop,
    crop_frame,
    cut_patch,
    quality,
    region,
    resized,
    square,
)
from .tracking import Linker

if TYPE_CHECKING:
    from ..records import Picture

__all__ = [
    "CropGeometry",
    "FaceFinder",
    "FoundFaces",
    "Quality",
    "crop",
    "crop_frame",
    "cut_patch",
    "quality",
    "region",
    "resized",
    "square",
]

MIN_FACE_PX = 32
DETECTION_PX = 640
MIN_PROBABILITY = 0.9
MAX_FACES = 16
DARK_LUMA = 40  # mean of a face in 0..255 under which it counts as dark
BATCH_FRAMES = 8
FOLLOWED = 2.0  # new faces in the later frames of a batch are looked for from this many times the smallest side


@dataclass(frozen=True)
class Detection:
    """A face in one frame: its box in pixels of that frame, and MTCNN's probability."""

    box: Box
    probability: float


@dataclass(frozen=True)
class FoundFaces:
    """The face tracks of a file, and in how many of its sampled frames there was a face."""

    tracks: tuple[FaceTrack, ...]
    frames_with_face: int


class Seen(NamedTuple):
    """A frame and its colours."""

    frame: Frame
    looks: Colours


class FaceFinder:
    """MTCNN (Zhang et al. 2016) with the weights that facenet-pytorch brings; made once per worker.

    Frames are looked at with their longer side at 640 pixels at most, for faces from 32 pixels in the frame up, or
    from 12 pixels in the smaller picture up, whichever is larger: `smallest_px` says which it is. So the first of a few
    consecutive frames. In those after it a face that was there is looked for where it was, and a new one from twice
    that size up; a cut begins anew. On 380 frames of 19
    clips this found as many faces (405) as a full search of every frame.
    """

    def __init__(
        self, device: str = "cpu", min_face_px: int = MIN_FACE_PX, detection_px: int = DETECTION_PX
    ) -> None:
        from .mtcnn import CELL_PX, CONSTANTS, Cascade

        self._cascade, self._cell_px = Cascade(device), CELL_PX
        self._min_face_px = min_face_px
        self._detection_px = detection_px
        self.parameters = {
            **CONSTANTS,
            "min_face_px": min_face_px,
            "detection_px": detection_px,
            "followed": FOLLOWED,
            "min_probability": MIN_PROBABILITY,
        }
        self.sha256 = state_hash(self._cascade.state, repr(self.parameters))

    def smallest_px(self, width: int, height: int) -> float:
        """Return the smallest longer side of a face, in frame pixels, that is looked for in frames of this size."""
        return max(self._min_face_px, self._cell_px / self._scale(width, height))

    def tracks(self, frames: Iterable[Frame]) -> FoundFaces:
        """Find, cut out and link the faces of frames in order; takes a few frames at a time and keeps none."""
        linker, with_face = Linker(), 0
        with single_thread() as threads:
            for batch, faces in parallel_map(self._in_batch, batches(frames), threads):
                for seen, detections in zip(batch, faces, strict=True):
                    patches = [
                        cut_patch(seen.frame, face.box, face.probability) for face in detections
                    ]
                    linker.add(seen.frame.run, seen.looks, patches)
                    with_face += bool(patches)
        return FoundFaces(tuple(map(judged, linker.tracks)), with_face)

    def detect(self, pictures: "list[Picture]") -> list[list[Detection]]:
        """Return the faces of each picture, (H, W, 3) RGB of one size, largest first, at most 16.

        The pictures follow each other closely: the first is searched whole, the others for what is new and what was.
        """
        import torch

        height, width = pictures[0].shape[:2]
        scale = self._scale(width, height)
        small = torch.from_numpy(np.stack([shrunk(picture, scale) for picture in pictures]))
        rows = self._cascade.follow(small, self.smallest_px(width, height) * scale, FOLLOWED)
        return [self._kept(faces, scale) for faces in rows]

    def _in_batch(self, batch: list[Seen]) -> list[list[Detection]]:
        return self.detect([seen.frame.pixels for seen in batch])

    def _scale(self, width: int, height: int) -> float:
        return min(1.0, self._detection_px / max(width, height))

    def _kept(self, rows: "list[tuple[float, ...]]", scale: float) -> list[Detection]:
        """Return the likely faces of sufficient size, in pixels of the frame."""
        faces = []
        for left, top, right, bottom, probability in rows:
            box = (left / scale, top / scale, (right - left) / scale, (bottom - top) / scale)
            large = min(box[2:]) > 0 and max(box[2:]) >= self._min_face_px
            if large and probability >= MIN_PROBABILITY:
                faces.append(Detection(box, probability))
        return sorted(faces, key=lambda face: -face.box[2] * face.box[3])[:MAX_FACES]


def judged(track: FaceTrack) -> FaceTrack:
    """Return a track that says how blurred it is, and in what share of its frames dark."""
    qualities = [quality(patch) for patch in track.patches]
    dark = sum(item.luma < DARK_LUMA for item in qualities) / len(qualities)
    return replace(
        track, blur=round(median(item.blur for item in qualities), 2), dark=round(dark, 3)
    )


def shrunk(picture: "Picture", scale: float) -> "Picture":
    """Scale a picture down; at 1 it is returned as it is."""
    if scale >= 1:
        return picture
    height, width = picture.shape[:2]
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def batches(frames: Iterable[Frame]) -> Iterator[list[Seen]]:
    """Group frames of one run, one size and one shot, a few at a time."""
    batch: list[Seen] = []
    for frame in frames:
        seen = Seen(frame, colours(frame.pixels))
        if batch and (len(batch) == BATCH_FRAMES or is_apart(batch[-1], seen)):
            yield batch
            batch = []
        batch.append(seen)
    if batch:
        yield batch


def is_apart(before: Seen, after: Seen) -> bool:
    """Return whether two frames do not follow each other closely."""
    apart = (
        before.frame.run != after.frame.run or before.frame.pixels.shape != after.frame.pixels.shape
    )
    return apart or has_changed(before.looks, after.looks)


def state_hash(state: dict[str, Any], parameters: str) -> str:
    """Return the SHA-256 of parameters and of a network's numbers, by name, with their types and shapes."""
    total = hashlib.sha256(parameters.encode())
    for name in sorted(state):
        values = state[name].detach().cpu().contiguous().numpy()
        total.update(f"{name} {values.dtype} {values.shape}\n".encode())
        total.update(values.tobytes())
    return total.hexdigest()
