"""Score single face crops with known truth. What is measured on them is in `figures`, its arithmetic in `metrics`.

A crop's score is the track logit of a sequence of one frame.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from forensics.crops import resized
from forensics.records import Calibration
from forensics.verdict import label_of, log10_lr
from forensics.weights import WeightsEntry

from ..checkpoints import load
from ..data import Crop, DataError, read_index
from ..model import FaceSequenceNet, Logits, normalise
from .metrics import LN10, Labels, Scores, auc
from .trials import Known, Progress, Trial

__all__ = ["LN10", "Labels", "Scored", "Scores", "auc", "score_crops", "score_index"]

BATCH = 64

Image = npt.NDArray[np.uint8]
Alter = Callable[[Image], Image]


@dataclass(frozen=True)
class Scored:
    """Crops with (N,) labels, true for fake, and (N,) scores."""

    crops: tuple[Crop, ...]
    labels: Labels
    scores: Scores


def score_index(
    entry: WeightsEntry,
    device: torch.device,
    index: Path,
    archives: Sequence[Path],
    parts: Sequence[int] | None = None,
) -> Scored:
    """Score the crops of an index, those of some parts or all; raises DataError unless both kinds are among them."""
    crops = read_index(index, archives)
    crops = [crop for crop in crops if parts is None or crop.part in parts]
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
    scores = [score_faces(model, [crop.read() for crop in batch], px).track for batch in batches]
    return torch.cat(scores).double().cpu().numpy()


@torch.inference_mode()
def score_faces(model: FaceSequenceNet, faces: Sequence[Image], px: int) -> Logits:
    """Score N pictures, each as a sequence of one frame: `frames` is (N, 1), `track` (N,)."""
    device = model.frame_head.weight.device
    x = normalise(torch.from_numpy(np.stack([resized(face, px) for face in faces])).to(device))
    x = x.contiguous(memory_format=torch.channels_last)
    lengths = torch.ones(len(x), dtype=torch.long, device=device)
    logits: Logits = model.head(model.features(x)[:, None], lengths)  # (N, 1, W)
    return logits


def crop_trials(
    model: FaceSequenceNet,
    entry: WeightsEntry,
    rows: Sequence[tuple[Known, Crop]],
    tell: Progress,
    alter: Alter | None = None,
) -> list[Trial]:
    """Score crops, altered or as they are; raises DataError naming the file and row of one that can't be read."""
    trials: list[Trial] = []
    for i in range(0, len(rows), BATCH):
        batch = rows[i : i + BATCH]
        tell(i, len(rows), "crops")
        faces = [read(known, crop) for known, crop in batch]
        logits = score_faces(model, [alter(f) for f in faces] if alter else faces, entry.crop.px)
        pairs = zip(batch, values_of(logits), strict=True)
        trials += [
            trial(known, crop.face_px or None, entry.calibration, score, frame)
            for (known, crop), (score, frame) in pairs
        ]
    tell(len(rows), len(rows), "crops")
    return trials


def values_of(logits: Logits) -> Iterator[tuple[float, float]]:
    """Yield the track and the frame score of each sequence of one frame."""
    track: Tensor = logits.track.double()
    return zip(track.tolist(), logits.frames[:, 0].double().tolist(), strict=True)


def read(known: Known, crop: Crop) -> Image:
    """Return a crop's picture; raises DataError naming its file and row."""
    try:
        return crop.read()
    except DataError as error:
        raise DataError(f"{known.where}: {known.file}: {error}") from error


def trial(
    known: Known,
    face_px: float | None,
    calibration: Calibration | None,
    score: float,
    frame: float,
) -> Trial:
    """Return what the calibration makes of one crop; no gate for the size of its face applies."""
    ratio = log10_lr(score, calibration) if calibration else None
    outcome = "inconclusive"
    if calibration is not None and ratio is not None:
        outcome = label_of(ratio, calibration.fake_at, calibration.real_at).value
    return Trial(known, outcome, score, frame, frame, ratio, face_px)


def is_untrained(model: FaceSequenceNet) -> bool:
    """Say whether the LSTM adds exactly nothing to any score."""
    return not any(bool(values.any()) for values in model.residual_head.parameters())
