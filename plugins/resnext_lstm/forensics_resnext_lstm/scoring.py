"""Score single face crops with known truth. What is measured on them is in `evaluation.summary`, its arithmetic in `metrics`.

A crop's score is the track logit of a sequence of one frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.utils.rnn import pad_sequence

from forensics.faces import resized
from forensics.weights import WeightsEntry

from .checkpoints import load
from .data import Crop, DataError
from .metrics import LN10, Labels, Scores, auc
from .model import FaceSequenceNet, Logits, normalise

__all__ = ["LN10", "Labels", "Scored", "Scores", "auc", "score_crops", "scored"]

BATCH = 64

Image = npt.NDArray[np.uint8]
Alter = Callable[[Image], Image]


@dataclass(frozen=True)
class Scored:
    """Crops with (N,) labels, true for fake, and (N,) scores."""

    crops: tuple[Crop, ...]
    labels: Labels
    scores: Scores

    @property
    def parts(self) -> npt.NDArray[np.int64]:
        """The crops' parts, (N,)."""
        return np.array([crop.part for crop in self.crops], np.int64)


def scored(entry: WeightsEntry, device: torch.device, crops: Sequence[Crop]) -> Scored:
    """Score crops; raises DataError unless both kinds are among them."""
    labels = labels_of(crops)
    scores = score_crops(load(entry).to(device), crops, entry.crop.px)
    return Scored(tuple(crops), labels, scores)


def labels_of(crops: Sequence[Crop]) -> Labels:
    """Return (N,), true for fake; raises DataError unless there are both real and fake crops."""
    labels = np.array([crop.fake for crop in crops], bool)
    if not len(labels) or labels.all() or not labels.any():
        raise DataError(f"of {len(labels)} crops {labels.sum()} are fake: both kinds are needed")
    return labels


def score_crops(model: FaceSequenceNet, crops: Sequence[Crop], px: int) -> Scores:
    """Return the score of each crop, (N,)."""
    model.eval()
    batches = (crops[i : i + BATCH] for i in range(0, len(crops), BATCH))
    scores = [score_tracks(model, [[crop.read()] for crop in batch], px).track for batch in batches]
    return torch.cat(scores).double().cpu().numpy()


@torch.inference_mode()
def score_tracks(model: FaceSequenceNet, tracks: Sequence[Sequence[Image]], px: int) -> Logits:
    """Score B tracks of pictures, oldest first, of which the longest has T: `frames` is (B, T), `track` (B,)."""
    device = model.frame_head.weight.device
    faces = np.stack([resized(face, px) for track in tracks for face in track])  # (N, px, px, 3)
    x = normalise(torch.from_numpy(faces).to(device))  # (N, 3, px, px)
    x = x.contiguous(memory_format=torch.channels_last)
    features = torch.cat([model.features(some) for some in torch.split(x, BATCH)])  # (N, W)
    lengths = [len(track) for track in tracks]
    padded = pad_sequence(list(torch.split(features, lengths)), batch_first=True)  # (B, T, W)
    logits: Logits = model.head(padded, torch.tensor(lengths, device=device))
    return logits


def is_untrained(model: FaceSequenceNet) -> bool:
    """Say whether the LSTM adds exactly nothing to any score."""
    return not any(bool(values.any()) for values in model.residual_head.parameters())
