"""The seed's way of working, for comparison: written by us from a description of it, nothing is taken from its code.

For every request the network is built and its weights are read; the whole video is decoded and held in memory; the
faces of the first T frames are found twice on frames of full size, once for the page and once for the network; the
crops stay BGR, 112 x 112, and go through ResNeXt50 and an LSTM in 32 bits, all in one batch. A frame without a face is
fed whole. The face finder is the one this project uses (MTCNN of facenet-pytorch), as it comes, so that only the ways
of working differ.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import torch
from facenet_pytorch import MTCNN
from torch import Tensor, nn
from torchvision.models import resnext50_32x4d

from .clips import Picture, cache_dir
from .report import Cell, Part, say
from .stages import median_run, warm_equipment
from .timing import Stopwatch, medians

FRAMES = 20
PX = 112
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LONGEST_S = 60  # a whole decoded video must fit into memory
COLUMNS = ("load", "decode", "faces", "network", "total", "ours", "times faster")


class SeedNet(nn.Module):
    """The seed's network in its own shape: the recurrence runs over the batch, and the last frame decides."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(*list(resnext50_32x4d(weights=None).children())[:-2])
        self.lstm = nn.LSTM(2048, 2048, bias=False)
        self.linear1 = nn.Linear(2048, 2)

    def forward(self, crops: Tensor) -> Tensor:
        """Return the logits of (B, T, 3, H, W) crops."""
        b, t = crops.shape[:2]
        maps = self.model(crops.flatten(0, 1))  # (B*T, 2048, 4, 4)
        features = maps.mean((2, 3)).view(b, t, 2048)  # (B, T, 2048)
        steps, _ = self.lstm(features)
        logits: Tensor = self.linear1(steps[:, -1])  # (B, 2)
        return logits


def checkpoint() -> Path:
    """Return a checkpoint of the seed's size and form with random weights; made once."""
    path = cache_dir() / "seed.pt"
    if not path.exists():
        torch.manual_seed(0)
        torch.save(SeedNet().state_dict(), path, _use_new_zipfile_serialization=False)
    return path


def loaded(path: Path) -> SeedNet:
    """Build the network and read its weights."""
    net = SeedNet()
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return net.eval()


def decoded(path: Path) -> list[Picture]:
    """Decode a whole video: (H, W, 3) BGR each."""
    opened = cv2.VideoCapture(str(path))
    frames: list[Picture] = []
    while True:
        there, frame = opened.read()
        if not there:
            return frames
        frames.append(np.asarray(frame, np.uint8))


def first_face(finder: Any, frame: Picture) -> Picture:
    """Return the first face of a frame, without a margin, or the whole frame."""
    boxes, _ = finder.detect(frame[:, :, ::-1].copy())
    if boxes is None:
        return frame
    height, width = frame.shape[:2]
    left, top, right, bottom = (max(round(float(edge)), 0) for edge in boxes[0])
    face = frame[top : min(bottom, height), left : min(right, width)]
    return face if face.size else frame


def batch(faces: Sequence[Picture]) -> Tensor:
    """Return crops as the network's input, (1, T, 3, PX, PX), BGR."""
    small = np.stack([cv2.resize(face, (PX, PX)) for face in faces])
    x = torch.from_numpy(small).permute(0, 3, 1, 2).float() / 255  # (T, 3, PX, PX)
    mean, deviation = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, DEVIATION))
    return ((x - mean) / deviation)[None]  # (1, T, 3, PX, PX)


@torch.no_grad()
def request(path: Path, weights: Path, frames: int = FRAMES) -> dict[str, float]:
    """Answer one request; returns seconds by stage and in total."""
    watch = Stopwatch()
    with watch.measure("load"):
        net = loaded(weights)
        finder = MTCNN(keep_all=True, device="cpu")
    with watch.measure("decode"):
        video = decoded(path)
    faces: list[Picture] = []
    for _ in ("for the page", "for the network"):
        with watch.measure("faces"):
            faces = [first_face(finder, frame) for frame in video[:frames]]
    with watch.measure("network"):
        torch.softmax(net(batch(faces)), 1)
    return {**watch.seconds, "total": sum(watch.seconds.values())}


def is_short(path: Path) -> bool:
    """Say whether a file is a video that can be held in memory as a whole."""
    with av.open(str(path)) as opened:
        still = "image" in opened.format.name or opened.format.name.endswith("_pipe")
        return not still and 0 < (opened.duration or 0) <= LONGEST_S * 1_000_000


def part(clips: Sequence[tuple[str, Path]], runs: int) -> Part:
    """Compare clip by clip; both ways use all cores."""
    equipment, weights = warm_equipment(), checkpoint()
    rows: list[tuple[Cell, ...]] = []
    for name, path in clips:
        say(f"seed: {name}")
        ours = median_run(path, equipment, max(runs, 3))["total"]
        theirs = medians(request(path, weights) for _ in range(runs))
        rows.append((name, *theirs.values(), ours, theirs["total"] / ours))
    notes = [
        f"median of {runs}; first {FRAMES} frames, faces found twice on full frames, 32-bit floats, weights read each time",
        "'ours' is the total above: hash, both networks and the stored verdict included",
    ]
    return Part("seed", "The same clip in the seed's way", ("clip", *COLUMNS), rows, notes)
