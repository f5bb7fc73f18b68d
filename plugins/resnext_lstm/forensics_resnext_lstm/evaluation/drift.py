"""How far a score moves from one type of number to another: 32-bit floats against bfloat16, on the same crops."""

from collections.abc import Sequence

import numpy as np
import torch

from forensics.faces import resized
from forensics.weights import WeightsEntry

from ..checkpoints import load
from ..data import Crop
from ..fuse_batchnorm import fold
from ..model import normalise

CROPS = 128  # bfloat16 without instructions for it is slow


@torch.inference_mode()
def drift(entry: WeightsEntry, crops: Sequence[Crop]) -> float:
    """Return the largest difference of a crop's score, over a sample of `crops` spread evenly over the list.

    bfloat16 has the fewest digits of the types that are served; other devices were not measured.
    """
    chosen = crops[:: max(len(crops) // CROPS, 1)][:CROPS]
    faces = np.stack([resized(crop.read(), entry.crop.px) for crop in chosen])
    x = normalise(torch.from_numpy(faces)).contiguous(memory_format=torch.channels_last)
    model = load(entry)
    lengths = torch.ones(len(x), dtype=torch.long)
    whole = model.head(model.features(x)[:, None], lengths).track  # (N,)
    fold(model.trunk)
    model.trunk.to(torch.bfloat16)
    features = model.features(x.to(torch.bfloat16)).float()  # (N, W)
    coarse = model.head(features[:, None], lengths).track  # (N,)
    return float((whole - coarse).abs().max())
