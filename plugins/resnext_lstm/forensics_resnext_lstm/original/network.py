"""The network of the original system, as odd as it was, so that its checkpoints give the numbers that they gave there.

For comparison only: what judges here is `model.py`. The recurrence runs over the videos of a batch and not over the
frames of a video. So of one video every frame is on its own, and `last`, the pooling that was served, hears the last
frame alone; `mean` is the one that was trained. Dropout acted on the logits, in training alone, and is left out.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

FAKE, REAL = 0, 1  # places of the two logits
PX = 112
WIDTH = 2048

Pooling = Literal["last", "mean"]
POOLINGS: tuple[Pooling, ...] = ("last", "mean")


class OriginalLogits(NamedTuple):
    """Logits of FAKE and REAL, in this order: `frames` (B, T, 2) of every crop, `pooled` (B, 2) of the sequence."""

    frames: Tensor
    pooled: Tensor


class OriginalNet(nn.Module):
    """Scores sequences of face crops. Input BGR, (B, T, 3, 112, 112), normalised by ImageNet's RGB figures in BGR order.

    The names of its parts are those of the original's state dict: 322 entries, 56,538,434 parameters.
    """

    def __init__(self, pooling: Pooling) -> None:
        super().__init__()
        from torchvision.models import resnext50_32x4d

        self.pooling = pooling
        self.model = nn.Sequential(*list(resnext50_32x4d(weights=None).children())[:-2])
        self.lstm = nn.LSTM(WIDTH, WIDTH, bias=False, batch_first=False)
        self.linear1 = nn.Linear(WIDTH, 2)

    def forward(self, crops: Tensor) -> OriginalLogits:
        """Score (B, T, 3, 112, 112) crops, oldest first."""
        b, t = crops.shape[:2]
        features = self.features(crops.flatten(0, 1))  # (B*T, 2048), one feature per crop
        return self.head(features.view(b, t, WIDTH))  # (B, T, 2048)

    def features(self, crops: Tensor) -> Tensor:
        """Return the trunk's features of (N, 3, 112, 112) crops, (N, 2048)."""
        maps: Tensor = self.model(crops)  # (N, 2048, 4, 4)
        return maps.mean((2, 3))  # (N, 2048)

    def head(self, features: Tensor) -> OriginalLogits:
        """Score (B, T, 2048) features, which the LSTM takes for a sequence of B steps in T copies.

        The mean is taken after the linear layer: the two can change places, and so every frame has logits of its own.
        """
        hidden, _ = self.lstm(features)  # (B, T, 2048)
        frames = self.linear1(hidden)  # (B, T, 2)
        pooled = frames[:, -1] if self.pooling == "last" else frames.mean(1)  # (B, 2)
        return OriginalLogits(frames, pooled)


def shapes() -> dict[str, Tensor]:
    """Return the state dict that a checkpoint must have, as tensors without memory."""
    with torch.device("meta"):
        return OriginalNet("last").state_dict()
