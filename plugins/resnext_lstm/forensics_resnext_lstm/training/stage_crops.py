"""The first stage: trunk and frame head on single crops, taught by another network or not."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..data import DataError, groups
from ..measuring.evaluate import auc, score_crops
from ..model import FaceSequenceNet
from .batches import Batch, Steps, batches
from .distil import Distiller, listening
from .recipe import Recipe
from .stages import Measured, Run, both_kinds, number_type, sides


class CropStage:
    """A `Stage` whose batches are (N, 3, H, W) crops and (N,) labels."""

    def __init__(self, recipe: Recipe, run: Run, model: FaceSequenceNet) -> None:
        self.recipe, self.run, self.model = recipe, run, model
        self.crops, self.held = sides(recipe, run.data)
        self.trunk: Callable[[Tensor], Tensor] = (
            torch.compile(model.trunk) if run.compiled else model.trunk
        )
        self.distiller = new_distiller(recipe, run, model)

    def about(self) -> str:
        """Say how many crops there are."""
        return f"{len(self.crops)} crops to train on, {len(self.held)} held out"

    def parameters(self) -> list[dict[str, Any]]:
        """Return the trunk, and the frame head with what fits features to a teacher's."""
        head = list(self.model.frame_head.parameters())
        if self.distiller is not None:
            head.extend(self.distiller.pupils())
        return [
            {
                "params": list(self.model.trunk.parameters()),
                "factor": self.recipe.trunk_rate_factor,
            },
            {"params": head, "factor": 1.0},
        ]

    def modes(self) -> None:
        """Everything learns."""
        self.model.train()

    def batches(self, first: int) -> Iterator[Batch]:
        """Yield the batches from step `first` on; a teacher's crops may be larger than the pupil's."""
        px = self.recipe.teacher_px if self.distiller else self.recipe.px
        steps = Steps(groups(self.crops), self.recipe, first, px)
        return batches(steps, self.run.workers)

    def crops_in(self, batch: Batch) -> int:
        """Return the number of crops."""
        return len(batch[0])

    def loss(self, batch: Batch) -> Tensor:
        """Return the loss of one batch: against its labels, and in part against the teacher."""
        x, y = (values.to(self.run.device) for values in batch)
        small = resized(x, self.recipe.px).to(memory_format=torch.channels_last)
        maps: list[Tensor] = []
        hears = listening(self.model.trunk, maps) if self.recipe.teacher_hints else nullcontext()
        with number_type(self.recipe, self.run):
            with hears:
                features = self.trunk(small)  # (N, W)
            logits = self.model.frame_head(features).squeeze(-1)  # (N,)
            aim = y * (1 - 2 * self.recipe.smoothing) + self.recipe.smoothing
            loss = functional.binary_cross_entropy_with_logits(logits, aim)
            if self.distiller is None:
                return loss
            large = x.to(memory_format=torch.channels_last)
            taught = self.distiller.loss(maps, features, logits, large)
            return (1 - self.distiller.share) * loss + self.distiller.share * taught

    def measure(self) -> Measured | str:
        """Return the AUC of the held-out crops."""
        if not both_kinds([crop.fake for crop in self.held]):
            return "not measured, the held-out parts lack real or fake crops"
        labels = np.array([crop.fake for crop in self.held])
        value = auc(labels, score_crops(self.model, self.held, self.recipe.px))
        return Measured(value, None, f"{value:.4f}")

    def learnt(self) -> dict[str, Tensor] | None:
        """Return what fits features to a teacher's."""
        return self.distiller.learnt() if self.distiller else None

    def go_on(self, state: dict[str, Any]) -> None:
        """Take up what fits features to a teacher's."""
        if self.distiller is not None:
            self.distiller.go_on(state["bridge"])


def new_distiller(recipe: Recipe, run: Run, model: FaceSequenceNet) -> Distiller | None:
    """Return the teacher, or None for a recipe without one; raises DataError when only one of the two is given."""
    if bool(recipe.teacher_trunk) != (run.teacher is not None):
        wanted = "needs --teacher CHECKPOINT" if recipe.teacher_trunk else "has no teacher_trunk"
        raise DataError(f"recipe {recipe.name!r} {wanted}")
    if run.teacher is None:
        return None
    width = model.frame_head.in_features
    return Distiller(recipe, run.teacher, model.trunk, width).to(run.device)


def resized(x: Tensor, px: int) -> Tensor:
    """Return (N, 3, H, W) crops as (N, 3, px, px)."""
    if x.shape[-1] == px:
        return x
    return functional.interpolate(x, (px, px), mode="bilinear", antialias=True)
