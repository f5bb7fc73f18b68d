"""The second stage: the LSTM and its head on clips, on top of a trunk that is known to work on single crops."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..data import DataError
from ..model import FaceSequenceNet, Logits, normalise
from ..scoring import auc
from .batches import Batch, batches, without_partner
from .lineage import all_names_of, groups_of
from .recipe import Recipe
from .sequences import Clip, Image, SequenceSteps, blended, clip_groups, clips, padded, plain
from .split import read_sides
from .stages import Measured, Run, both_kinds, number_type

CHUNK = 64  # crops through a trunk that does not learn


class SequenceStage:
    """A `Stage` whose batches are (B, T, px, px, 3) crops, (B,) lengths and (B,) labels."""

    def __init__(self, recipe: Recipe, run: Run, model: FaceSequenceNet) -> None:
        if recipe.teacher_trunk or run.teacher:
            raise DataError(f"recipe {recipe.name!r}: sequences are not taught by another network")
        if run.after is None and not (run.work / "last.pt").exists():
            raise DataError(
                f"recipe {recipe.name!r}: sequences build on a trained trunk; give --after CHECKPOINT"
            )
        self.recipe, self.run, self.model = recipe, run, model
        sides = read_sides(recipe, run.data)
        self.clips, self.held = clips(sides.train), clips(sides.held)
        self.single = sum(not crop.video for crop in sides.train)
        self.left_out = sides.left_out
        self.seen = groups_of(crop for clip in self.clips for crop in clip.crops)
        self.unseen = all_names_of(crop for clip in self.held for crop in clip.crops)
        self.trunk: Callable[[Tensor], Tensor] = (
            torch.compile(model.trunk) if run.compiled else model.trunk
        )

    def about(self) -> str:
        """Say how many clips there are, how many no step looks at, and which crops are left out."""
        alone = sum(len(group.fake) for group in clip_groups(self.clips) if not group.real)
        counts = f"{len(self.clips)} clips to train on, {len(self.held)} held out"
        single = [f"{self.single} single crops are not used"] if self.single else []
        return "; ".join([counts, *without_partner(alone, "clip"), *single, *self.left_out])

    def parameters(self) -> list[dict[str, Any]]:
        """Return the LSTM and its head, and trunk and frame head where the recipe lets them learn."""
        recipe, model = self.recipe, self.model
        model.trunk.requires_grad_(recipe.tunes_trunk)
        model.frame_head.requires_grad_(recipe.tunes_frame_head)
        head = [*model.lstm.parameters(), *model.residual_head.parameters()]
        if recipe.tunes_frame_head:
            head.extend(model.frame_head.parameters())
        groups: list[dict[str, Any]] = [{"params": head, "factor": 1.0}]
        if recipe.tunes_trunk:
            trunk = list(model.trunk.parameters())
            groups.append({"params": trunk, "factor": recipe.trunk_rate_factor})
        return groups

    def modes(self) -> None:
        """Train the heads; a trunk that does not learn keeps its running means as they are."""
        self.model.train()
        self.model.trunk.train(self.recipe.tunes_trunk)

    def batches(self, first: int) -> Iterator[Batch]:
        """Yield the batches from step `first` on."""
        return batches(SequenceSteps(self.clips, self.recipe, first), self.run.workers)

    def crops_in(self, batch: Batch) -> int:
        """Return the number of crops, padding left out."""
        return int(batch[1].sum())

    def loss(self, batch: Batch) -> Tensor:
        """Return the loss of the track logits; where the frame head learns, half of it is that of the frame logits."""
        faces, lengths, y = (values.to(self.run.device) for values in batch)
        with number_type(self.recipe, self.run):
            logits = self.logits(faces, lengths)
        aim = y * (1 - 2 * self.recipe.smoothing) + self.recipe.smoothing
        loss = functional.binary_cross_entropy_with_logits(logits.track.float(), aim)
        if not self.recipe.tunes_frame_head:
            return loss
        valid = among(lengths, faces.shape[1])  # (B, T)
        aims = aim[:, None].expand(valid.shape)[valid]  # (sum of lengths,)
        frames = logits.frames[valid].float()
        return (loss + functional.binary_cross_entropy_with_logits(frames, aims)) / 2

    def logits(self, faces: Tensor, lengths: Tensor) -> Logits:
        """Score (B, T, px, px, 3) uint8 faces of (B,) valid lengths; padding does not go through the trunk."""
        valid = among(lengths, faces.shape[1])  # (B, T)
        features = self.features(faces[valid])  # (sum of lengths, W)
        whole = features.new_zeros((*valid.shape, features.shape[1]))  # (B, T, W)
        whole[valid] = features
        return self.model.head(whole, lengths)

    def features(self, faces: Tensor) -> Tensor:
        """Return the trunk's features of (N, px, px, 3) uint8 faces, (N, W); without gradients unless the trunk learns."""
        learns = self.recipe.tunes_trunk and self.model.training
        size = len(faces) if learns else CHUNK
        with nullcontext() if learns else torch.no_grad():
            x = normalise(faces).contiguous(memory_format=torch.channels_last)  # (N, 3, px, px)
            return torch.cat([self.trunk(some) for some in torch.split(x, size)]).float()

    def measure(self) -> Measured | str:
        """Return the AUC of the held-out clips by the LSTM and by the mean of their frames.

        Where no labelled fake is held out, each real clip is measured against its self-blended copy, always the same.
        """
        if not any(not clip.fake for clip in self.held):
            return "not measured, the held-out parts lack real clips"
        known = both_kinds([clip.fake for clip in self.held])
        labels, means, tracks = self.scores(
            held_out(self.held, self.recipe, self_blended=not known)
        )
        value, mean = auc(labels, tracks), auc(labels, means)
        what = "fakes" if known else "self-blended copies"
        text = (
            f"{value:.4f} by the LSTM, {mean:.4f} by the mean of the frames; "
            f"{int((~labels).sum())} real clips, {int(labels.sum())} {what}"
        )
        return Measured(value, mean, text)

    @torch.inference_mode()
    def scores(
        self, found: Iterator[tuple[bool, list[Image]]]
    ) -> "tuple[np.typing.NDArray[np.bool_], np.typing.NDArray[np.float64], np.typing.NDArray[np.float64]]":
        """Return (N,) labels, scores by the mean of the frames, and scores by the LSTM."""
        self.model.eval()
        labels, means, tracks = [], [], []
        for fake, faces in found:
            x, lengths = (values.to(self.run.device) for values in padded([faces]))
            logits = self.logits(x, lengths)
            labels.append(fake)
            means.append(float(logits.frames.mean()))
            tracks.append(float(logits.track))
        return np.array(labels, bool), np.array(means), np.array(tracks)

    def learnt(self) -> dict[str, Tensor] | None:
        """Nothing learns beside the network."""
        return None

    def go_on(self, state: dict[str, Any]) -> None:
        """Nothing learns beside the network."""


def among(lengths: Tensor, frames: int) -> Tensor:
    """Return (B, T), true for the frames that (B,) lengths count."""
    return torch.arange(frames, device=lengths.device) < lengths[:, None]


def held_out(
    found: Sequence[Clip], recipe: Recipe, *, self_blended: bool
) -> Iterator[tuple[bool, list[Image]]]:
    """Yield held-out clips, true for fake; of the longer ones the first frames."""
    for number, clip in enumerate(found):
        crops = clip.crops[: recipe.frames]
        yield clip.fake, plain(crops, recipe.px)
        if self_blended:
            rng = np.random.default_rng((recipe.seed, 13, number))
            yield True, plain(crops, recipe.px, blended(crops, rng))
