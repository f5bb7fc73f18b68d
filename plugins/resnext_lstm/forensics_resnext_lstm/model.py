"""The network: a convolutional trunk, a head on every frame, and an LSTM that may correct their mean.

One file, pure PyTorch. The frame head alone is the baseline (mean pooling of frame scores); the recurrence adds a
residual that starts at exactly zero, so what it brings can be measured by leaving it out.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ModelConfig:
    """What is needed to build the network that a weights file fits.

    `trunk` is `resnext50_32x4d` (Xie et al., arXiv 1611.05431) or a timm name such as `tf_efficientnet_lite0`.
    `hidden` is the width of the LSTM. With `mirrored` a crop's features are the mean of its own and of its mirror image's.
    """

    trunk: str = "resnext50_32x4d"
    hidden: int = 512
    mirrored: bool = False


class Logits(NamedTuple):
    """Outputs of one forward pass; positive means more like manipulated.

    `frames` (B, T): one logit per crop. `track` (B,): their mean over the valid frames plus the residual of the LSTM.
    """

    frames: Tensor
    track: Tensor


def normalise(faces: Tensor) -> Tensor:
    """Turn (N, H, W, 3) uint8 RGB into (N, 3, H, W) float by the ImageNet mean and deviation."""
    x = faces.permute(0, 3, 1, 2).float() / 255  # (N, 3, H, W), 0 to 1
    mean = torch.tensor(IMAGENET_MEAN, device=x.device).view(3, 1, 1)  # (3, 1, 1)
    std = torch.tensor(IMAGENET_STD, device=x.device).view(3, 1, 1)  # (3, 1, 1)
    return (x - mean) / std


def build_trunk(name: str) -> tuple[nn.Module, int]:
    """Return a network from (N, 3, H, W) to (N, width), and its width. Weights are random: nothing is downloaded."""
    if name == "resnext50_32x4d":
        from torchvision.models import resnext50_32x4d

        resnext = resnext50_32x4d(weights=None)
        resnext.fc = nn.Identity()
        return resnext, 2048
    import timm

    trunk = timm.create_model(name, pretrained=False, num_classes=0)
    return trunk, int(trunk.num_features)  # type: ignore[arg-type]  # an int, which nn.Module hides


class FaceSequenceNet(nn.Module):
    """Scores sequences of face crops. Input RGB, (B, T, 3, H, W), 0 to 1 normalised by the ImageNet mean and deviation."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk, width = build_trunk(config.trunk)
        self.frame_head = nn.Linear(width, 1)
        self.lstm = nn.LSTM(width, config.hidden, batch_first=True)
        self.residual_head = nn.Linear(config.hidden, 1)
        nn.init.zeros_(self.residual_head.weight)
        nn.init.zeros_(self.residual_head.bias)

    def forward(self, crops: Tensor, lengths: Tensor) -> Logits:
        """Score (B, T, 3, H, W) crops; row i has `lengths[i]` valid frames, oldest first, the rest is padding."""
        b, t = crops.shape[:2]
        features = self.features(crops.flatten(0, 1))  # (B*T, W), one feature per crop
        return self.head(features.view(b, t, -1), lengths)  # (B, T, W)

    def features(self, crops: Tensor) -> Tensor:
        """Return (N, W) features of (N, 3, H, W) crops, before the heads."""
        found: Tensor = self.trunk(crops)  # (N, W)
        if self.config.mirrored:
            found = (found + self.trunk(crops.flip(-1))) / 2  # (N, W)
        return found

    def head(self, features: Tensor, lengths: Tensor) -> Logits:
        """Score (B, T, W) trunk features. Padding changes nothing: the LSTM is causal and is read at the last valid step."""
        t = features.shape[1]
        frames = self.frame_head(features).squeeze(-1)  # (B, T)
        valid = torch.arange(t, device=features.device) < lengths[:, None]  # (B, T)
        mean = (frames * valid).sum(1) / lengths  # (B,)
        hidden, _ = self.lstm(features)  # (B, T, hidden)
        last = hidden[torch.arange(len(hidden), device=hidden.device), lengths - 1]  # (B, hidden)
        return Logits(frames, mean + self.residual_head(last).squeeze(-1))  # (B, T), (B,)
