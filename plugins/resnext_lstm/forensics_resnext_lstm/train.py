"""Train the network on single face crops, from a recipe, so that it can be stopped and resumed exactly.

The newest checkpoint lives in the work folder as `last.pt`: `model`, `optimiser`, `step` and, with a teacher, `bridge`.
"""

import csv
import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import islice
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .batches import Steps, batches
from .checkpoints import read_training
from .data import Crop, DataError, groups, read_index, split
from .distil import Distiller, listening
from .evaluate import auc, score_crops
from .model import FaceSequenceNet, ModelConfig
from .recipe import Recipe, start_file

REPORT_STEPS = 10
SAVE_STEPS = 200
MEASURE_STEPS = 400
GRADIENT_NORM = 5.0


@dataclass(frozen=True)
class Run:
    """Where a run reads and writes, and what it computes on. `teacher`, `start` and `after` are files of weights.

    `data` holds `train.csv` and `train-*.tar`. `start` takes the place of the recipe's. `after` is the checkpoint of a
    run, on smaller pictures say, whose network this one begins with. `workers` prepare batches. `compiled` lets
    torch compile the trunk, which takes two minutes and a C++ compiler, and then goes 1.3 times as fast on a CPU.
    """

    data: Path
    work: Path
    teacher: Path | None = None
    start: Path | None = None
    after: Path | None = None
    device: str = "cpu"
    workers: int = 1
    compiled: bool = False


class Trainer:
    """One run: made from a recipe, it stands where the newest checkpoint in the work folder left it."""

    def __init__(self, recipe: Recipe, run: Run, report: Callable[[str], None]) -> None:
        torch.manual_seed(recipe.seed)
        run.work.mkdir(parents=True, exist_ok=True)
        self.recipe, self.run, self.report = recipe, run, report
        self.crops, self.held = read_crops(recipe, run)
        self.model = new_model(recipe, run)
        self.trunk: Callable[[Tensor], Tensor] = (
            torch.compile(self.model.trunk) if run.compiled else self.model.trunk
        )
        self.distiller = new_distiller(recipe, run, self.model)
        self.optimiser = new_optimiser(recipe, self.model, self.distiller)
        self.step = self.resume()

    @property
    def checkpoint(self) -> Path:
        """The newest checkpoint."""
        return self.run.work / "last.pt"

    def fit(self, until: int | None = None) -> None:
        """Train to step `until`, or the recipe's last one; then save."""
        last = min(until or self.recipe.steps, self.recipe.steps)
        first, started = self.step, time.monotonic()
        px = self.recipe.teacher_px if self.distiller else self.recipe.px
        steps = Steps(groups(self.crops), self.recipe, first, px)
        for x, y in islice(batches(steps, self.run.workers), max(last - first, 0)):
            loss = self.update(x.to(self.run.device), y.to(self.run.device))
            self.step += 1
            speed = (self.step - first) / (time.monotonic() - started)
            self.after_step(loss, speed, done=self.step == last)
        text = json.dumps(asdict(self.recipe), indent=1)
        (self.run.work / "recipe.json").write_text(text, encoding="utf-8")

    def update(self, x: Tensor, y: Tensor) -> float:
        """Learn from one batch, (N, 3, H, W) and (N,), and return its loss."""
        self.model.train()
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.rate * group["factor"] * rate_factor(self.step, self.recipe)
        loss = self.loss(x, y)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), GRADIENT_NORM)
        self.optimiser.step()
        return loss.item()

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the loss of one batch: against its labels, and in part against the teacher."""
        small = resized(x, self.recipe.px).to(memory_format=torch.channels_last)
        maps: list[Tensor] = []
        with listening(self.model.trunk, maps) if self.recipe.teacher_hints else nullcontext():
            features = self.trunk(small)  # (N, W)
        logits = self.model.frame_head(features).squeeze(-1)  # (N,)
        aim = y * (1 - 2 * self.recipe.smoothing) + self.recipe.smoothing
        loss = functional.binary_cross_entropy_with_logits(logits, aim)
        if self.distiller is None:
            return loss
        taught = self.distiller.loss(
            maps, features, logits, x.to(memory_format=torch.channels_last)
        )
        return (1 - self.distiller.share) * loss + self.distiller.share * taught

    def after_step(self, loss: float, speed: float, *, done: bool) -> None:
        """Report, save and measure when it is time to. `speed` is in steps a second."""
        if self.step % REPORT_STEPS == 0:
            minutes = (self.recipe.steps - self.step) / speed / 60
            place = f"step {self.step}/{self.recipe.steps}"
            crops = 2 * self.recipe.pairs * speed
            self.report(f"{place} loss {loss:.4f} {crops:.1f} crops/s {minutes:.0f} min left")
        if done or self.step % SAVE_STEPS == 0:
            self.save()
        if self.step == self.recipe.steps or self.step % MEASURE_STEPS == 0:
            self.measure(loss)

    def measure(self, loss: float) -> None:
        """Report the AUC on the held-out parts and add it to `curve.csv`."""
        if len({crop.fake for crop in self.held}) < 2:
            self.report("held-out AUC: not measured, the held-out parts lack real or fake crops")
            return
        labels = np.array([crop.fake for crop in self.held])
        value = auc(labels, score_crops(self.model, self.held, self.recipe.px))
        self.report(f"held-out AUC {value:.4f} at step {self.step}")
        with (self.run.work / "curve.csv").open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([self.step, loss, value])

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        state: dict[str, Any] = {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
        }
        if self.distiller is not None:
            state["bridge"] = self.distiller.learnt()
        half = self.checkpoint.with_suffix(".tmp")
        torch.save(state, half)
        half.replace(self.checkpoint)

    def resume(self) -> int:
        """Take up the newest checkpoint, or else the run to begin after; returns the step to go on with."""
        source = self.checkpoint if self.checkpoint.exists() else self.run.after
        if source is None:
            return 0
        state = read_training(source)
        try:
            self.model.load_state_dict(state["model"])
            if source != self.checkpoint:
                return 0
            if self.distiller is not None:
                self.distiller.go_on(state["bridge"])
            self.optimiser.load_state_dict(state["optimiser"])
            return int(state["step"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise DataError(f"{source}: belongs to another recipe; choose another one") from error


def read_crops(recipe: Recipe, run: Run) -> tuple[list[Crop], list[Crop]]:
    """Return the crops to train on and the held-out ones."""
    crops = read_index(run.data / "train.csv", sorted(run.data.glob("train-*.tar")))
    return split(crops, frozenset(recipe.held_out))


def new_model(recipe: Recipe, run: Run) -> FaceSequenceNet:
    """Return the network as it is before the first step."""
    model = FaceSequenceNet(ModelConfig(recipe.trunk, recipe.hidden))
    if run.start or recipe.start:
        load_start(model, run.start or start_file(recipe.start))
    return model.to(run.device).to(memory_format=torch.channels_last)


def new_distiller(recipe: Recipe, run: Run, model: FaceSequenceNet) -> Distiller | None:
    """Return the teacher, or None for a recipe without one; raises DataError when only one of the two is given."""
    if bool(recipe.teacher_trunk) != (run.teacher is not None):
        wanted = "needs --teacher CHECKPOINT" if recipe.teacher_trunk else "has no teacher_trunk"
        raise DataError(f"recipe {recipe.name!r} {wanted}")
    if run.teacher is None:
        return None
    width = model.frame_head.in_features
    return Distiller(recipe, run.teacher, model.trunk, width).to(run.device)


def new_optimiser(
    recipe: Recipe, model: FaceSequenceNet, distiller: Distiller | None
) -> torch.optim.Optimizer:
    """Return AdamW with a rate of its own for the trunk."""
    head = [*model.frame_head.parameters(), *(distiller.pupils() if distiller else [])]
    return torch.optim.AdamW(
        [
            {"params": list(model.trunk.parameters()), "factor": recipe.trunk_rate_factor},
            {"params": head, "factor": 1.0},
        ],
        lr=recipe.rate,
        weight_decay=recipe.weight_decay,
    )


def resized(x: Tensor, px: int) -> Tensor:
    """Return (N, 3, H, W) crops as (N, 3, px, px)."""
    if x.shape[-1] == px:
        return x
    return functional.interpolate(x, (px, px), mode="bilinear", antialias=True)


def rate_factor(step: int, recipe: Recipe) -> float:
    """Linear warm-up, then half a cosine to zero, or a straight line over the last `cooldown_steps`; factor of the rate."""
    warm = min((step + 1) / recipe.warmup_steps, 1.0)
    if recipe.cooldown_steps:
        return warm * min((recipe.steps - step) / recipe.cooldown_steps, 1.0)
    return warm * 0.5 * (1 + cos(pi * min(step / recipe.steps, 1.0)))


def load_start(model: FaceSequenceNet, path: Path) -> None:
    """Start the trunk from ImageNet weights whose tensors come in the same order and shapes.

    Raises DataError when they do not fit. The classifier (`fc`) is left out.
    """
    loaded = torch.load(path, map_location="cpu", weights_only=True)
    source = [value for name, value in loaded.items() if "fc" not in name]
    target = model.trunk.state_dict()
    if [value.shape for value in source] != [value.shape for value in target.values()]:
        raise DataError(f"{path}: its tensors do not fit {model.config.trunk}")
    model.trunk.load_state_dict(dict(zip(target, source, strict=True)))
