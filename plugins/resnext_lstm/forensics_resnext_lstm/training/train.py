"""Train the network in two stages, from a recipe, so that it can be stopped and resumed exactly.

The newest checkpoint lives in the work folder as `last.pt`: `model`, `optimiser`, `step`, `stages` and `learnt` (see
`lineage`) and, with a teacher, `bridge`; with `average` in the recipe `newest`, the weights that the next step goes on from,
while `model` is their running mean. `best.pt` is the one with the highest held-out AUC.
"""

import json
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from itertools import islice
from math import cos, pi
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..checkpoints import read_training
from ..data import DataError
from ..model import FaceSequenceNet, ModelConfig
from .average import Average
from .batches import Batch
from .learning_curve import Curve, Point
from .lineage import Lineage, check_recipe, check_unseen, joined, lineage_of
from .progress import REPORT_STEPS, Follow, Report, Status, by_lines
from .recipe import Recipe, start_file
from .stage_crops import CropStage
from .stage_sequences import SequenceStage
from .stages import Run, Stage

__all__ = ["Run", "Trainer", "load_start", "rate_factor"]

SAVE_STEPS = 200
SAVE_S = 300.0  # where steps are slow
MEASURE_STEPS = 400
GRADIENT_NORM = 5.0


class Trainer:
    """One run: made from a recipe, it stands where the newest checkpoint in the work folder left it.

    `report` takes lines; `follow` each step's status, which becomes a line now and then where it is not given.
    """

    def __init__(
        self, recipe: Recipe, run: Run, report: Report, follow: Follow | None = None
    ) -> None:
        torch.manual_seed(recipe.seed)
        run.work.mkdir(parents=True, exist_ok=True)
        self.recipe, self.run, self.report = recipe, run, report
        self.follow = follow or by_lines(report)
        self.model = new_model(recipe, run)
        self.stage = new_stage(recipe, run, self.model)
        self.optimiser = torch.optim.AdamW(
            self.stage.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay
        )
        self.best = 0.0
        self.average = Average(self.model, recipe.average) if recipe.average else None
        self.step, self.lineage = self.resume()
        self.curve = Curve(run.work, self.step)
        self.losses: list[float] = []
        self.saved = time.monotonic()

    @property
    def checkpoint(self) -> Path:
        """The newest checkpoint."""
        return self.run.work / "last.pt"

    @property
    def is_done(self) -> bool:
        """Say whether the recipe's last step was done."""
        return self.step >= self.recipe.steps

    @property
    def place(self) -> str:
        """Say where the run stands."""
        return f"step {self.step} of {self.recipe.steps}"

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return self.recipe.rate * rate_factor(self.step, self.recipe)

    def fit(self, until: int | None = None, stop: Callable[[], bool] = lambda: False) -> None:
        """Train to step `until`, or the recipe's last one, or the step after which `stop` says so; then save."""
        self.report(self.stage.about())
        text = json.dumps(asdict(self.recipe), indent=1)
        (self.run.work / "recipe.json").write_text(text, encoding="utf-8")
        last = min(until or self.recipe.steps, self.recipe.steps)
        first, started, crops = self.step, time.monotonic(), 0
        for batch in islice(self.stage.batches(first), max(last - first, 0)):
            rate = self.rate
            loss = self.update(batch)
            self.step += 1
            crops += self.stage.crops_in(batch)
            spent_s = time.monotonic() - started
            left_s = (self.recipe.steps - self.step) * spent_s / (self.step - first)
            place = (self.step, self.recipe.steps)
            self.follow(Status(*place, loss, crops / spent_s, rate, left_s))
            stops = stop()
            self.after_step(loss, rate, done=self.step == last or stops)
            if stops:
                break

    def update(self, batch: Batch) -> float:
        """Learn from one batch, and return its loss."""
        self.stage.modes()
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * group["factor"]
        loss = self.stage.loss(batch)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), GRADIENT_NORM)
        self.optimiser.step()
        if self.average is not None:
            self.average.follow(self.model)
        return loss.item()

    def after_step(self, loss: float, rate: float, *, done: bool) -> None:
        """Keep the course, save and measure when it is time to."""
        self.losses.append(loss)
        measures = self.step == self.recipe.steps or self.step % MEASURE_STEPS == 0
        late = time.monotonic() - self.saved > SAVE_S
        if done or measures or late or self.step % SAVE_STEPS == 0:
            self.save()
        if measures or self.step % REPORT_STEPS == 0:
            mean = sum(self.losses) / len(self.losses)
            self.losses.clear()
            self.curve.add(self.measured(mean, rate) if measures else Point(self.step, mean, rate))
        if measures or done:
            self.curve.draw(self.report)

    def measured(self, loss: float, rate: float) -> Point:
        """Report the AUC on the held-out parts, and return the point of the curve."""
        with self.kept():
            found = self.stage.measure()
        if isinstance(found, str):
            self.report(f"held-out AUC: {found}")
            return Point(self.step, loss, rate)
        self.report(f"held-out AUC {found.text} at step {self.step}")
        if found.auc > self.best:
            self.best = found.auc
            self.save()
            half = shutil.copyfile(self.checkpoint, self.run.work / "best.tmp")
            half.replace(self.run.work / "best.pt")
        return Point(self.step, loss, rate, found.auc, found.auc_mean)

    def kept(self) -> AbstractContextManager[None]:
        """Have the model be the network that is measured and kept, while the context lasts."""
        return self.average.worn(self.model) if self.average is not None else nullcontext()

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        state: dict[str, Any] = {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "best": self.best,
            **self.lineage.at(self.step).plain(),
        }
        if self.average is not None:
            state |= {"model": self.average.state, "newest": self.model.state_dict()}
        if (learnt := self.stage.learnt()) is not None:
            state["bridge"] = learnt
        half = self.checkpoint.with_suffix(".tmp")
        torch.save(state, half)
        half.replace(self.checkpoint)
        self.saved = time.monotonic()

    def resume(self) -> tuple[int, Lineage]:
        """Take up the newest checkpoint, or else the run to begin after.

        Returns the step to go on with and what the network goes through, this stage included. Raises DataError when it
        has learnt from somebody who is held out now.
        """
        resumes = self.checkpoint.exists()
        source = self.checkpoint if resumes else self.run.after
        found = lineage_of(source)
        if resumes:
            check_recipe(self.recipe, found, self.checkpoint)
        if source is not None and not found.stages:
            self.report(f"{source}: does not say whose crops it was trained on; nothing is checked")
        lineage = joined(found, self.recipe, self.run, self.stage.seen, resumes=resumes)
        check_unseen(self.stage.unseen, lineage.learnt, "held out now; hold out others")
        if source is None:
            return 0, lineage
        state = read_training(source)
        try:
            self.model.load_state_dict(fitted(state["model"], self.model))
            if self.average is not None:
                self.average.begin(self.model)
            if not resumes:
                return 0, lineage
            if self.average is not None:
                self.model.load_state_dict(state["newest"])
            self.stage.go_on(state)
            self.optimiser.load_state_dict(state["optimiser"])
            self.best = float(state.get("best", 0.0))
            return int(state["step"]), lineage
        except (KeyError, RuntimeError, ValueError) as error:
            raise DataError(f"{source}: belongs to another recipe; choose another one") from error


def fitted(found: Mapping[str, Tensor], model: FaceSequenceNet) -> dict[str, Tensor]:
    """Return the state of another network for `model`; an LSTM of another width starts anew, as `model` has it."""
    own = model.state_dict()
    if found["lstm.weight_hh_l0"].shape == own["lstm.weight_hh_l0"].shape:
        return dict(found)
    anew = {k: v for k, v in own.items() if k.startswith(("lstm.", "residual_head."))}
    return {**found, **anew}


def new_model(recipe: Recipe, run: Run) -> FaceSequenceNet:
    """Return the network as it is before the first step."""
    model = FaceSequenceNet(ModelConfig(recipe.trunk, recipe.hidden))
    if run.start or recipe.start:
        load_start(model, run.start or start_file(recipe.start))
    return model.to(run.device).to(memory_format=torch.channels_last)


def new_stage(recipe: Recipe, run: Run, model: FaceSequenceNet) -> Stage:
    """Return the stage that a recipe is for."""
    if recipe.stage == "sequences":
        return SequenceStage(recipe, run, model)
    return CropStage(recipe, run, model)


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
