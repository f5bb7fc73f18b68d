"""Batch norm folded into the convolution before it: the same function with a third fewer passes over memory."""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import nn


@torch.no_grad()
def fold(trunk: nn.Module) -> nn.Module:
    """Fold every batch norm that follows a convolution into it, in place, and return the trunk. For inference only.

    Which belong together is read from the order in which a network lists its modules, which holds for torchvision's
    ResNeXt and timm's EfficientNets; the test compares outputs.
    """
    for conv, name, norm in pairs(trunk):
        variance, mean = norm.running_var, norm.running_mean
        if variance is None or mean is None:
            continue
        factor = norm.weight / (variance + norm.eps).sqrt()  # (C,)
        bias = norm.bias - mean * factor  # (C,)
        if conv.bias is not None:
            bias = bias + conv.bias * factor
        conv.weight.mul_(factor.view(-1, 1, 1, 1))  # (C, in, k, k)
        conv.bias = nn.Parameter(bias)
        place, _, last = name.rpartition(".")
        setattr(trunk.get_submodule(place), last, getattr(norm, "act", nn.Identity()))
    return trunk


def pairs(trunk: nn.Module) -> Iterator[tuple[nn.Conv2d, str, nn.BatchNorm2d]]:
    """Yield each convolution whose batch norm is listed next, with that one's name."""
    listed = [
        (name, module)
        for name, module in trunk.named_modules()
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d)
    ]
    for (_, conv), (name, norm) in pairwise(listed):
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            yield conv, name, norm
