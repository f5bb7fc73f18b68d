"""The running mean of a network's weights: steadier than the weights of any one step (Polyak and Juditsky 1992)."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """The exponential mean of a network's state, by `decay` a step; whole numbers are those of the last step.

    Over the first steps the mean is shorter, so that where it began is soon forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.begin(model)

    def begin(self, model: nn.Module) -> None:
        """Take a network's state as the mean."""
        self.state: dict[str, Tensor] = {k: v.clone() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def follow(self, model: nn.Module) -> None:
        """Take a step's weights into the mean."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                self.state[name].lerp_(value, 1 - decay)
            else:
                self.state[name].copy_(value)

    @contextmanager
    def worn(self, model: nn.Module) -> Iterator[None]:
        """Have a network be the mean while the context lasts."""
        own = {name: value.clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.state)
        try:
            yield
        finally:
            model.load_state_dict(own)
