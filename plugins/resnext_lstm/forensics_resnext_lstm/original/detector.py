"""The original system's way of judging, for comparison with ours: its network, its crops, its habits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from forensics.errors import PluginError
from forensics.records import (
    Box,
    Calibration,
    Evidence,
    FaceTrack,
    Finding,
    Frame,
    FrameScore,
    MediaKind,
    Need,
    Outcome,
    Sample,
)
from forensics.settings import Settings
from forensics.weights import WeightsEntry

from .. import __version__
from ..device import arithmetic, choose
from ..model import normalise
from .checkpoints import load, pooling_of
from .network import FAKE, PX, REAL, OriginalLogits, OriginalNet

if TYPE_CHECKING:
    from forensics.records import Picture

CHUNK = 32  # crops through the trunk at once
NO_TRACK = 0  # of a frame that is fed whole


@dataclass(frozen=True)
class View:
    """What the network sees of one frame: a face of a track, or the whole frame. `crop` is (112, 112, 3) BGR."""

    time_s: float
    track: int
    box: Box
    crop: "Picture"


class OriginalDetector:
    """A `forensics.hookspecs.Detector` for one entry of layout `original`, with the habits of that system.

    One face a frame, the rest unseen; a frame without one is fed whole; crops are BGR, the box without a margin,
    stretched to 112 x 112. The score is logit(FAKE) - logit(REAL), the logit of what its softmax gave for FAKE. It is
    not calibrated, so it never votes. The setting `sampling = "first"` gives it the frames that it saw there.

    Not the same as there: boxes come from MTCNN and not from dlib's HOG detector, which finds other faces and lays its
    boxes otherwise, so scores differ more than the network does. Of several faces the largest is taken, and not the
    first that dlib named.
    """

    version = __version__
    examines = ("face_manipulation",)
    needs = frozenset({Need.FACES, Need.FRAMES})
    kinds = frozenset({MediaKind.VIDEO, MediaKind.STILL})
    calibration: Calibration | None = None

    def __init__(self, entry: WeightsEntry, settings: Settings) -> None:
        self.entry, self.settings = entry, settings
        self.pooling = pooling_of(entry)
        self.device = choose(settings).device
        self.name = entry.name
        self.licence = f"MIT (code), {entry.licence} (weights)"
        self.permitted_use = entry.permitted_use
        self.weights: str | None = entry.sha256

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Network, pooling, and what it computes on: always 32-bit floats, to be comparable."""
        return {
            "layout": self.entry.layout,
            "pooling": self.pooling,
            "trunk": self.entry.trunk,
            "px": PX,
            "device": self.device.type,
            "number_type": "float32",
        }

    @cached_property
    def model(self) -> OriginalNet:
        """The network. Raises WeightsError when the file is not what its manifest says."""
        return load(self.entry).to(self.device)

    @torch.inference_mode()
    def examine(self, sample: Sample) -> Finding:
        """Score the sampled frames as one sequence; the evidence has every frame's own score.

        A file without any face is not scored, as there.
        """
        if not sample.tracks or not sample.frames:
            return self.finding(Outcome.NOTHING_TO_EXAMINE, message="no face was found")
        seen = views(sample.frames, sample.tracks)
        with arithmetic(self.settings):
            logits = self.logits(seen)
        scores = (logits.frames[..., FAKE] - logits.frames[..., REAL])[0].tolist()
        return self.finding(
            Outcome.SCORED,
            score=float(logits.pooled[0, FAKE] - logits.pooled[0, REAL]),
            evidence=Evidence(
                frames=tuple(
                    FrameScore(view.time_s, view.track, view.box, score)
                    for view, score in zip(seen, scores, strict=True)
                )
            ),
        )

    def finding(self, outcome: Outcome, **values: Any) -> Finding:
        """Return a finding in this detector's name."""
        return Finding(self.name, self.version, self.weights, outcome, **values)

    def logits(self, seen: Iterable[View]) -> OriginalLogits:
        """Return the logits of one sequence, on the CPU. Raises PluginError when one is not a number."""
        crops = torch.from_numpy(np.stack([view.crop for view in seen]))  # (T, 112, 112, 3)
        parts = [self.features(chunk) for chunk in torch.split(crops, CHUNK)]
        logits = self.model.head(torch.cat(parts)[None])  # (1, T, 2048)
        if not logits.frames.isfinite().all():
            raise PluginError(f"{self.name}: the network gave a value that is not a number")
        return OriginalLogits(logits.frames.cpu(), logits.pooled.cpu())

    def features(self, crops: Tensor) -> Tensor:
        """Return the trunk's features of (N, 112, 112, 3) BGR crops, (N, 2048)."""
        return self.model.features(
            normalise(crops.to(self.device))
        )  # RGB's figures on BGR: a habit


def views(frames: Iterable[Frame], tracks: Iterable[FaceTrack]) -> list[View]:
    """Return what the network sees of each frame: its largest face, or all of it."""
    faces = largest(tracks)
    return [view(frame, *faces.get(frame.time_s, (NO_TRACK, None))) for frame in frames]


def largest(tracks: Iterable[FaceTrack]) -> dict[float, tuple[int, Box]]:
    """Return the largest face at every time that has one, with its track."""
    found: dict[float, tuple[int, Box]] = {}
    for track in tracks:
        for patch in track.patches:
            other = found.get(patch.time_s)
            if other is None or area(patch.box) > area(other[1]):
                found[patch.time_s] = (track.id, patch.box)
    return found


def area(box: Box) -> float:
    """Return the pixels in a box."""
    return box[2] * box[3]


def view(frame: Frame, track: int, box: Box | None) -> View:
    """Cut a box out of a frame, as far as it lies inside, or take the whole frame; stretched to 112 x 112, BGR."""
    height, width = frame.pixels.shape[:2]
    whole = (0.0, 0.0, float(width), float(height))
    left, top, right, bottom = inside(box or whole, width, height)
    if left >= right or top >= bottom:
        return view(frame, NO_TRACK, None)
    crop = stretched(frame.pixels[top:bottom, left:right, ::-1])
    return View(frame.time_s, track, box or whole, crop)


def inside(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a box in whole pixels, cut at the frame's edges."""
    left, top, wide, high = box
    right, bottom = round(left + wide), round(top + high)
    return max(round(left), 0), max(round(top), 0), min(right, width), min(bottom, height)


def stretched(picture: "Picture") -> "Picture":
    """Resize to 112 x 112 as Pillow does it, which torchvision's `Resize` calls for pictures."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    return np.asarray(image.resize((PX, PX), Image.Resampling.BILINEAR), dtype=np.uint8)
