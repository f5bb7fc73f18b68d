"""Whether maps depend on the weights: the test of Adebayo et al., "Sanity Checks for Saliency Maps" (arXiv 1810.03292).

A map that a network with random weights gives as well shows edges of the picture and nothing that was learnt; such
maps are not shipped (`maps = false` in the manifest).
"""

from collections.abc import Iterator
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from forensics_resnext_lstm import gradcam
from forensics_resnext_lstm.model import FaceSequenceNet
from torch import Tensor, nn

if TYPE_CHECKING:
    Values = np.typing.NDArray[np.float64]

MOST_ALIKE = 0.5
"""Mean rank correlation with the maps of random weights from which on maps are not shipped."""


class Response(NamedTuple):
    """What a trunk makes of one track's crops: its last feature maps (T, C, h, w) and features (T, C)."""

    kept: Tensor
    features: Tensor


def response(net: FaceSequenceNet, crops: Tensor) -> Response:
    """Return what the trunk makes of T normalised crops, (T, 3, H, W)."""
    with torch.inference_mode():
        return Response(*gradcam.looked(net, crops))


def maps(net: FaceSequenceNet, found: Response) -> "Values":
    """Return the unscaled maps of one track, (T, h, w)."""
    lengths = torch.tensor([len(found.kept)])
    gradient = gradcam.gradients(net, found.features[None], lengths)[0]  # (T, C)
    return np.asarray(gradcam.responses(found.kept, gradient).double().numpy(), np.float64)


def random_heads(net: FaceSequenceNet) -> FaceSequenceNet:
    """Return a network with random heads of the same make, and no trunk that could be used."""
    width, hidden = net.frame_head.in_features, net.config.hidden
    with torch.device("meta"):
        other = FaceSequenceNet(net.config)
    other.frame_head, other.residual_head = nn.Linear(width, 1), nn.Linear(hidden, 1)
    other.lstm = nn.LSTM(width, hidden, batch_first=True)
    return other.eval()


def random_layers(net: FaceSequenceNet, crops: Tensor) -> FaceSequenceNet:
    """Return a network of the same make with random weights everywhere.

    Its batch norms take their figures from the crops: values keep an ordinary size.
    """
    other = FaceSequenceNet(net.config)
    other.residual_head = nn.Linear(net.config.hidden, 1)  # the network's own starts at zero
    for norm in other.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.momentum = 1.0
    with torch.no_grad():
        other.trunk.train()(crops)
    return other.eval()


def alike_by_heads(net: FaceSequenceNet, crops: Tensor, seeds: int = 10) -> float:
    """Return how alike the maps are to those with random heads on the same trunk."""
    seen = response(net, crops)
    own, found = maps(net, seen), []
    for _ in seeded(seeds):
        found.append(alike(own, maps(random_heads(net), seen)))
    return fmean(found)


def alike_by_layers(net: FaceSequenceNet, crops: Tensor, seeds: int = 3) -> float:
    """Return how alike the maps are to those with random weights in every layer."""
    own, found = maps(net, response(net, crops)), []
    for _ in seeded(seeds):
        other = random_layers(net, crops)
        found.append(alike(own, maps(other, response(other, crops))))
    return fmean(found)


def seeded(seeds: int) -> Iterator[int]:
    """Yield seeds, each while it is torch's, whose own comes back afterwards."""
    for seed in range(seeds):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield seed


def alike(own: "Values", others: "Values") -> float:
    """Return the mean rank correlation (Spearman) of two sets of maps (T, h, w).

    A map in which nothing responded is alike to nothing.
    """
    return fmean(correlation(a, b) for a, b in zip(own, others, strict=True))


def correlation(one: "Values", other: "Values") -> float:
    """Return Spearman's rank correlation of two maps; 0 where one is the same all over."""
    a, b = (ranks(values.ravel()) for values in (one, other))
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size else 0.0


def ranks(values: "Values") -> "Values":
    """Return each value's rank; equal values share the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[place], np.float64)
