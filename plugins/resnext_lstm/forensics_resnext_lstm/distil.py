"""Learning from a trained network: its features and its soft labels on the same crops."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from .checkpoints import from_training
from .model import ModelConfig
from .recipe import Recipe


class Distiller(nn.Module):
    """A fixed teacher, and the map from the pupil's features to the teacher's. Only this map learns."""

    def __init__(self, recipe: Recipe, teacher: Path, width: int) -> None:
        super().__init__()
        self.teacher = from_training(teacher, ModelConfig(recipe.teacher_trunk, recipe.hidden))
        self.teacher.requires_grad_(False).to(memory_format=torch.channels_last)
        self.bridge = nn.Linear(width, self.teacher.frame_head.in_features)
        self.share = recipe.teacher_share

    def loss(self, features: Tensor, logits: Tensor, crops: Tensor) -> Tensor:
        """Return the distance to the teacher's features and soft labels on the same (N, 3, H, W) crops."""
        with torch.no_grad():
            aim = self.teacher.trunk(crops)  # (N, W)
            soft = torch.sigmoid(self.teacher.frame_head(aim).squeeze(-1))  # (N,)
        near: Tensor = functional.mse_loss(self.bridge(features), aim) / aim.var(0).mean()
        return near + functional.binary_cross_entropy_with_logits(logits, soft)
