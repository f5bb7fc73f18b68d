"""Where the network responded: a class activation map of every crop, by Grad-CAM (Selvaraju et al., arXiv 1610.02391).

The map of crop i is the sum over channels of the trunk's last feature map A_i, each weighted by how much the track's
logit moves with that channel's mean, without what is negative: relu(sum_c (d logit / d f_ic) A_ic). Positive is toward
manipulated. A trunk's pooled feature f_ic is the mean of A_ic, so only the heads are differentiated: pooling over
frames and the LSTM are in it, and the trunk runs once, without a gradient.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from forensics.records import HeatMap

from .model import FaceSequenceNet

MOST_KEPT = (
    512  # crops of a file whose feature maps are kept until their track is scored: 64 MB at most
)
MOST_MAPS = 60  # crops of a file that get a map: of two detectors some 19 kB of a verdict


def last_map(trunk: nn.Module, x: Tensor) -> Tensor:
    """Return a trunk's last feature map of (N, 3, H, W) crops, (N, C, h, w): torchvision's ResNets or timm's networks."""
    if not hasattr(trunk, "avgpool"):
        found: Tensor = trunk.forward_features(x)  # type: ignore[operator]  # timm's  (N, C, h, w)
        return found
    for name, part in trunk.named_children():
        if name == "avgpool":
            break
        x = part(x)
    return x  # (N, C, h, w)


def pooled(trunk: nn.Module, maps: Tensor) -> Tensor:
    """Return what the trunk makes of its last feature map, (N, C)."""
    if not hasattr(trunk, "avgpool"):
        found: Tensor = trunk.forward_head(maps)  # type: ignore[operator]  # timm's
        return found
    features: Tensor = trunk.avgpool(maps).flatten(1)  # type: ignore[operator]  # (N, C)
    return features


def looked(net: FaceSequenceNet, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the last feature maps, (N, C, h, w), and `net.features`, (N, W), of (N, 3, H, W) crops.

    Where the network looks at mirror images too, the maps are means as well, each turned back.
    """
    maps = last_map(net.trunk, x)  # (N, C, h, w)
    features = pooled(net.trunk, maps)  # (N, W)
    if net.config.mirrored:
        other = last_map(net.trunk, x.flip(-1))  # (N, C, h, w)
        features = (features + pooled(net.trunk, other)) / 2  # (N, W)
        maps = (maps + other.flip(-1)) / 2  # (N, C, h, w)
    return maps, features


def explains(maps: Tensor, features: Tensor) -> bool:
    """Say whether the features are means of these maps: not so for a transformer, or with a layer after the pooling."""
    return maps.ndim == 4 and maps.shape[1] == features.shape[1]


def gradients(model: FaceSequenceNet, features: Tensor, lengths: Tensor) -> Tensor:
    """Return how each track's logit moves with each feature of its frames: (B, T, W) for (B, T, W); 0 for padding."""
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.backends.cudnn.flags(enabled=False),
    ):
        leaf = features.detach().clone().requires_grad_()  # (B, T, W)
        logits = model.head(leaf, lengths.clone()).track  # (B,)
        (found,) = torch.autograd.grad(logits.sum(), leaf)
    return found  # (B, T, W)


def responses(maps: Tensor, gradient: Tensor) -> Tensor:
    """Return the unscaled maps of T frames, (T, h, w), of their (T, C, h, w) feature maps and (T, C) gradients."""
    return torch.einsum("tchw,tc->thw", maps.float(), gradient).clamp(min=0)


def heat_maps(maps: Tensor, gradient: Tensor) -> list[HeatMap | None]:
    """Return the map of each frame of one track, scaled together; None for all where nothing speaks for a fake."""
    found = responses(maps, gradient)  # (T, h, w)
    peak = float(found.max())
    if not 0 < peak < float("inf"):
        return [None] * len(found)
    rounded = float(f"{peak:.4g}")
    return [HeatMap.of(values, rounded) for values in found.tolist()]


def chosen(scores: Sequence[float], lengths: Sequence[int], kept: int) -> list[int]:
    """Return the tracks that get maps, those of the highest score first, as far as `kept` and MOST_MAPS go."""
    ends = torch.tensor(lengths).cumsum(0).tolist()
    found, left = [], MOST_MAPS
    for track in sorted(range(len(scores)), key=lambda i: -scores[i]):
        if lengths[track] <= left and ends[track] <= kept:
            found.append(track)
            left -= lengths[track]
    return found
