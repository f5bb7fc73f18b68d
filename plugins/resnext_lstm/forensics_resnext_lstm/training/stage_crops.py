"""The first stage: trunk and frame head on single crops, taught by labels, by places and by another network."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data import DataError, groups
from ..model import FaceSequenceNet
from ..scoring import auc, score_crops
from .batches import Batch, Steps, batches, without_partner
from .distil import Distiller, listening
from .lineage import all_names_of
from .localisation import Locator
from .recipe import Recipe
from .split import read_sides
from .stages import Measured, Run, both_kinds, number_type

PLACES = "locator."  # prefix of what reads places, in a checkpoint


class CropStage:
    """A `Stage` whose batches are (N, 3, H, W) crops and (N,) labels."""

    def __init__(self, recipe: Recipe, run: Run, model: FaceSequenceNet) -> None:
        self.recipe, self.run, self.model = recipe, run, model
        sides = read_sides(recipe, run.data)
        self.crops, self.held, self.left_out = sides.train, sides.held, sides.left_out
        self.seen, self.unseen = all_names_of(self.crops), all_names_of(self.held)
        self.frozen = frozen(model.trunk, recipe.frozen_stages)
        self.trunk: Callable[[Tensor], Tensor] = (
            torch.compile(model.trunk) if run.compiled else model.trunk
        )
        self.distiller = new_distiller(recipe, run, model)
        self.locator = Locator(model.trunk).to(run.device) if recipe.located else None

    def about(self) -> str:
        """Say how many crops there are, how many no step looks at, and what is left out."""
        alone = sum(len(group.fake) for group in groups(self.crops) if not group.real)
        if self.recipe.shares:
            alone = 0  # a mixture puts somebody else's real crop beside them
        counts = f"{len(self.crops)} crops to train on, {len(self.held)} held out"
        return "; ".join([counts, *without_partner(alone, "crop"), *self.left_out])

    def parameters(self) -> list[dict[str, Any]]:
        """Return the trunk, and the frame head with what fits features to a teacher's."""
        head = list(self.model.frame_head.parameters())
        if self.distiller is not None:
            head.extend(self.distiller.pupils())
        if self.locator is not None:
            head.extend(self.locator.parameters())
        return [
            {
                "params": [one for one in self.model.trunk.parameters() if one.requires_grad],
                "factor": self.recipe.trunk_rate_factor,
            },
            {"params": head, "factor": 1.0},
        ]

    def modes(self) -> None:
        """Everything learns but what is frozen, which keeps its statistics too."""
        self.model.train()
        for module in self.frozen:
            module.eval()
        if self.recipe.steady_norm:
            for module in self.model.trunk.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()

    def batches(self, first: int) -> Iterator[Batch]:
        """Yield the batches from step `first` on; a teacher's crops may be larger than the pupil's."""
        px = self.recipe.teacher_px if self.distiller else self.recipe.px
        steps = Steps(groups(self.crops), self.recipe, first, px)
        return batches(steps, self.run.workers)

    def crops_in(self, batch: Batch) -> int:
        """Return the number of crops."""
        return len(batch[0])

    def loss(self, batch: Batch) -> Tensor:
        """Return the loss of one batch: against its labels, in part against the teacher, and for the places."""
        x, y, *places = (values.to(self.run.device) for values in batch)
        small = resized(x, self.recipe.px).to(memory_format=torch.channels_last)
        maps: list[Tensor] = []
        reads = self.recipe.teacher_hints or self.locator
        hears = listening(self.model.trunk, maps) if reads else nullcontext()
        with number_type(self.recipe, self.run):
            with hears:
                features = self.trunk(small)  # (N, W)
            logits = self.model.frame_head(features).squeeze(-1)  # (N,)
            aim = y * (1 - 2 * self.recipe.smoothing) + self.recipe.smoothing
            loss = functional.binary_cross_entropy_with_logits(logits, aim)
            if self.distiller is not None:
                large = x.to(memory_format=torch.channels_last)
                taught = self.distiller.loss(maps, features, logits, large)
                loss = (1 - self.distiller.share) * loss + self.distiller.share * taught
            if self.locator is not None:
                loss = loss + self.recipe.located * self.locator.loss(maps, places[0])
            return loss

    def measure(self) -> Measured | str:
        """Return the AUC of the held-out crops."""
        if not both_kinds([crop.fake for crop in self.held]):
            return "not measured, the held-out parts lack real or fake crops"
        labels = np.array([crop.fake for crop in self.held])
        value = auc(labels, score_crops(self.model, self.held, self.recipe.px))
        return Measured(value, None, f"{value:.4f}")

    def learnt(self) -> dict[str, Tensor] | None:
        """Return what fits features to a teacher's, and what reads places."""
        found = self.distiller.learnt() if self.distiller else {}
        if self.locator is not None:
            places = self.locator.state_dict()
            found = found | {PLACES + name: value for name, value in places.items()}
        return found or None

    def go_on(self, state: dict[str, Any]) -> None:
        """Take up what fits features to a teacher's, and what reads places."""
        if self.locator is not None:
            names = [name for name in state["bridge"] if name.startswith(PLACES)]
            places = {name.removeprefix(PLACES): state["bridge"][name] for name in names}
            self.locator.load_state_dict(places)
        if self.distiller is not None:
            rest = state["bridge"].items()
            self.distiller.go_on({k: v for k, v in rest if not k.startswith(PLACES)})


def new_distiller(recipe: Recipe, run: Run, model: FaceSequenceNet) -> Distiller | None:
    """Return the teacher, or None for a recipe without one; raises DataError when only one of the two is given."""
    if bool(recipe.teacher_trunk) != (run.teacher is not None):
        wanted = "needs --teacher CHECKPOINT" if recipe.teacher_trunk else "has no teacher_trunk"
        raise DataError(f"recipe {recipe.name!r} {wanted}")
    if run.teacher is None:
        return None
    width = model.frame_head.in_features
    return Distiller(recipe, run.teacher, model.trunk, width).to(run.device)


def frozen(trunk: nn.Module, stages: int) -> list[nn.Module]:
    """Freeze the stem and the first stages of a trunk, and return them; none of them for 0."""
    if not stages:
        return []
    if hasattr(trunk, "conv_stem"):
        kept = [trunk.conv_stem, trunk.bn1, *list(trunk.blocks)[:stages]]  # type: ignore[arg-type]  # timm's
    else:
        kept = [
            trunk.conv1,
            trunk.bn1,
            *(trunk.get_submodule(f"layer{n + 1}") for n in range(stages)),
        ]
    for module in kept:
        module.requires_grad_(False)
    return kept


def resized(x: Tensor, px: int) -> Tensor:
    """Return (N, 3, H, W) crops as (N, 3, px, px)."""
    if x.shape[-1] == px:
        return x
    return functional.interpolate(x, (px, px), mode="bilinear", antialias=True)
