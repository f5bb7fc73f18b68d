"""Frames to face tracks and square crops. Needs torch only once a FaceFinder is made."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from .crops import CropGeometry, Quality, crop, crop_frame, cut_patch, quality
from .media.scenes import colours
from .records import Box, FaceTrack, Frame
from .tracks import Linker

if TYPE_CHECKING:
    from .records import Picture

__all__ = [
    "CropGeometry",
    "FaceFinder",
    "FoundFaces",
    "Quality",
    "crop",
    "crop_frame",
    "quality",
]

MIN_FACE_PX = 32
DETECTION_PX = 640
NET_PX = 12  # side of what MTCNN's first network looks at
MIN_PROBABILITY = 0.9
MAX_FACES = 16
BATCH_FRAMES = 8


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


class FaceFinder:
    """MTCNN (Zhang et al. 2016) with the weights that facenet-pytorch brings; made once per worker.

    Frames are looked at with their longer side at 640 pixels at most, for faces from 32 pixels in the frame up, or
    from 12 pixels in the smaller picture up, whichever is larger: `smallest_px` says which it is.
    """

    def __init__(
        self, device: str = "cpu", min_face_px: int = MIN_FACE_PX, detection_px: int = DETECTION_PX
    ) -> None:
        import torch
        from facenet_pytorch import MTCNN

        self._net: Any = MTCNN(keep_all=True, device=torch.device(device))
        self._min_face_px = min_face_px
        self._detection_px = detection_px
        self.sha256 = state_hash(self._net.state_dict())

    def smallest_px(self, width: int, height: int) -> float:
        """Return the smallest longer side of a face, in frame pixels, that is looked for in frames of this size."""
        return max(self._min_face_px, NET_PX / self._scale(width, height))

    def tracks(self, frames: Iterable[Frame]) -> FoundFaces:
        """Find, cut out and link the faces of frames in order; takes a few frames at a time and keeps none."""
        linker, with_face = Linker(), 0
        for batch in batches(frames):
            for frame, found in zip(batch, self.detect([f.pixels for f in batch]), strict=True):
                patches = [cut_patch(frame, one.box, one.probability) for one in found]
                linker.add(frame.run, colours(frame.pixels), patches)
                with_face += bool(patches)
        return FoundFaces(linker.tracks, with_face)

    def detect(self, pictures: "list[Picture]") -> list[list[Detection]]:
        """Return the faces of each picture, (H, W, 3) RGB of one size, largest first, at most 16."""
        height, width = pictures[0].shape[:2]
        scale = self._scale(width, height)
        small = np.stack([shrunk(picture, scale) for picture in pictures])
        self._net.min_face_size = self.smallest_px(width, height) * scale
        if min(small.shape[1:3]) < self._net.min_face_size:
            return [[] for _ in pictures]
        found = self._boxes(small)
        return [self._kept(boxes, scale) for boxes in found]

    def _scale(self, width: int, height: int) -> float:
        return min(1.0, self._detection_px / max(width, height))

    def _boxes(self, small: "Picture") -> list[list[tuple[float, ...]]]:
        """Return left, top, right, bottom and probability of all faces in each picture of a batch."""
        try:
            with one_thread():
                boxes, probabilities = self._net.detect(small)
        except (IndexError, RuntimeError) as error:
            if not is_degenerate(error):
                raise
            return [[]] if len(small) == 1 else [self._boxes(one[None])[0] for one in small]
        return [rows(*pair) for pair in zip(boxes, probabilities, strict=True)]

    def _kept(self, found: list[tuple[float, ...]], scale: float) -> list[Detection]:
        """Return the likely faces of sufficient size, in pixels of the frame."""
        faces = []
        for left, top, right, bottom, probability in found:
            box = (left / scale, top / scale, (right - left) / scale, (bottom - top) / scale)
            large = min(box[2:]) > 0 and max(box[2:]) >= self._min_face_px
            if large and probability >= MIN_PROBABILITY:
                faces.append(Detection(box, probability))
        return sorted(faces, key=lambda face: -face.box[2] * face.box[3])[:MAX_FACES]


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread: MTCNN is hundreds of tiny steps, and on busy cores threads wait for each other.

    Measured beside another busy process on 2 cores: 2 threads took 4 times as long as one.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def is_degenerate(error: Exception) -> bool:
    """Tell MTCNN's failures on candidate boxes that lie outside the picture; it drops them in one place of two."""
    text = str(error)
    return "non-empty list" in text or "shape of the mask" in text


def rows(boxes: Any, probabilities: Any) -> list[tuple[float, ...]]:
    """Turn MTCNN's answer for one picture, None when it has no face, into plain numbers."""
    if boxes is None:
        return []
    table = np.column_stack([np.asarray(boxes, float), np.asarray(probabilities, float)])
    return [tuple(row) for row in table[np.isfinite(table).all(axis=1)].tolist()]


def shrunk(picture: "Picture", scale: float) -> "Picture":
    """Scale a picture down; at 1 it is returned as it is."""
    if scale >= 1:
        return picture
    height, width = picture.shape[:2]
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def batches(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    """Group frames of one run and one size, a few at a time."""
    rest = iter(frames)
    batch: list[Frame] = []
    for frame in rest:
        if batch and (len(batch) == BATCH_FRAMES or kind(frame) != kind(batch[0])):
            yield batch
            batch = []
        batch.append(frame)
    if batch:
        yield batch


def kind(frame: Frame) -> tuple[int, ...]:
    """Return what frames of one batch have in common."""
    return frame.run, *frame.pixels.shape


def state_hash(state: dict[str, Any]) -> str:
    """Return the SHA-256 of a network's numbers, by name, with their types and shapes."""
    total = hashlib.sha256()
    for name in sorted(state):
        values = state[name].detach().cpu().contiguous().numpy()
        total.update(f"{name} {values.dtype} {values.shape}\n".encode())
        total.update(values.tobytes())
    return total.hexdigest()
