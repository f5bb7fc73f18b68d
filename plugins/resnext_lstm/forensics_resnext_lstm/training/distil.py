"""Learning from a trained network: its feature maps, its features and its soft labels on the same crops."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..checkpoints import from_training
from ..model import ModelConfig
from .recipe import Recipe

STRIDES = (4, 8, 16, 32)  # of the feature maps that are compared
RESNET_STAGES = ("layer1", "layer2", "layer3", "layer4")


class Distiller(nn.Module):
    """A fixed teacher, and the maps from the pupil's features to the teacher's. Only these maps learn.

    Beside the last features, those of four stages are compared (Romero et al., "FitNets", ICLR 2015, arXiv 1412.6550):
    a network that starts from random numbers learns its early layers several times faster so.
    """

    def __init__(self, recipe: Recipe, teacher: Path, pupil: nn.Module, width: int) -> None:
        super().__init__()
        self.teacher = from_training(teacher, ModelConfig(recipe.teacher_trunk, recipe.hidden))
        self.teacher.requires_grad_(False).to(memory_format=torch.channels_last)
        self.bridge = nn.Linear(width, self.teacher.frame_head.in_features)
        self.hints = nn.ModuleList()
        if recipe.teacher_hints:
            pairs = zip(channels(pupil), channels(self.teacher.trunk), strict=True)
            self.hints.extend(nn.Conv2d(ours, theirs, 1) for ours, theirs in pairs)
        self.share, self.hints_weight = recipe.teacher_share, recipe.teacher_hints

    def pupils(self) -> Iterator[nn.Parameter]:
        """Yield the parameters that learn."""
        yield from self.bridge.parameters()
        yield from self.hints.parameters()

    def learnt(self) -> dict[str, Tensor]:
        """Return the state of what learns; the teacher has a file of its own."""
        state = self.state_dict()
        return {name: value for name, value in state.items() if not name.startswith("teacher.")}

    def go_on(self, state: dict[str, Tensor]) -> None:
        """Take up what was learnt; raises RuntimeError when it belongs to another recipe."""
        found = self.load_state_dict(state, strict=False)
        lacking = [name for name in found.missing_keys if not name.startswith("teacher.")]
        if lacking or found.unexpected_keys:
            raise RuntimeError(f"it lacks {lacking}, and has {found.unexpected_keys}")

    def loss(self, maps: list[Tensor], features: Tensor, logits: Tensor, crops: Tensor) -> Tensor:
        """Return the distance to the teacher's maps, features and soft labels on the same (N, 3, H, W) crops.

        `maps` are the pupil's, as `listening` gives them; `features` (N, W) and `logits` (N,) what came out.
        """
        heard: list[Tensor] = []
        with torch.no_grad(), listening(self.teacher.trunk, heard):
            aim = self.teacher.trunk(crops)  # (N, W)
            soft = torch.sigmoid(self.teacher.frame_head(aim).squeeze(-1))  # (N,)
        near = distance(self.bridge(features), aim)
        for hint, ours, theirs in zip(self.hints, maps, heard, strict=False):
            fitted = functional.adaptive_avg_pool2d(theirs, (ours.shape[2], ours.shape[3]))
            near = near + self.hints_weight * distance(hint(ours), fitted)
        return near + functional.binary_cross_entropy_with_logits(logits, soft)


def distance(found: Tensor, aim: Tensor) -> Tensor:
    """Return the mean squared distance in units of the aim's variance, the mean over its channels."""
    return functional.mse_loss(found, aim) / aim.transpose(0, 1).flatten(1).var(1).mean()


def stages(trunk: nn.Module) -> list[nn.Module]:
    """Return the modules after which a trunk's maps are 4, 8, 16 and 32 times smaller than the crop."""
    if hasattr(trunk, RESNET_STAGES[0]):
        return [trunk.get_submodule(name) for name in RESNET_STAGES]
    info = {one["reduction"]: one["module"] for one in trunk.feature_info}  # type: ignore[union-attr]  # timm's
    return [trunk.get_submodule(info[stride]) for stride in STRIDES]


@contextmanager
def listening(trunk: nn.Module, heard: list[Tensor]) -> Iterator[None]:
    """Put the maps that a trunk's stages make into `heard`: (N, C, H, W) each, largest first."""
    hooks = [
        stage.register_forward_hook(lambda module, given, made: heard.append(made))
        for stage in stages(trunk)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def channels(trunk: nn.Module) -> list[int]:
    """Return the number of channels of each stage's map."""
    heard: list[Tensor] = []
    was_training = trunk.training
    with torch.no_grad(), listening(trunk.eval(), heard):
        trunk(torch.zeros(1, 3, 64, 64, device=next(trunk.parameters()).device))
    trunk.train(was_training)
    return [found.shape[1] for found in heard]
