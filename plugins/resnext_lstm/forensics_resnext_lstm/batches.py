"""Training batches as a function of the recipe's seed and the step, so that a resumed run sees the same pictures."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from .augment import augment
from .data import DataError, Group
from .model import normalise
from .recipe import Recipe
from .selfblend import draw_blend, self_blend

Image = npt.NDArray[np.uint8]


class Steps(Dataset[tuple[Tensor, Tensor]]):
    """Batch number i: `pairs` source videos, each as a real crop and an aligned fake or self-blended one.

    A batch is (2 * pairs, 3, px, px) float normalised RGB, and (2 * pairs,) labels, 1 for fake. Item 0 is step `first`.
    """

    def __init__(self, found: list[Group], recipe: Recipe, first: int, px: int) -> None:
        self.groups = [group for group in found if group.real]
        self.recipe, self.first, self.px = recipe, first, px
        if not self.groups:
            raise DataError("no source video with a real crop is left to train on")

    def __len__(self) -> int:
        return self.recipe.steps - self.first

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        start = (self.first + i) * self.recipe.pairs
        pairs = [self.pair_at(start + k) for k in range(self.recipe.pairs)]
        pictures = np.stack([picture for pair in pairs for picture in pair])
        return normalise(torch.from_numpy(pictures)), torch.tensor([0.0, 1.0] * len(pairs))

    def pair_at(self, position: int) -> tuple[Image, Image]:
        """Return the pair at a place in the endless list of pairs; each epoch has its own order of the videos."""
        epoch, place = divmod(position, len(self.groups))
        order = np.random.default_rng((self.recipe.seed, epoch)).permutation(len(self.groups))
        rng = np.random.default_rng((self.recipe.seed, 7, position))
        return self.pair(self.groups[order[place]], rng)

    def pair(self, group: Group, rng: np.random.Generator) -> tuple[Image, Image]:
        """Return one real and one manipulated crop of the same video."""
        real = group.real[rng.integers(len(group.real))].read()
        if not group.fake or rng.random() < self.recipe.self_blended:
            fake = self_blend(real, draw_blend(rng))
        else:
            fake = group.fake[rng.integers(len(group.fake))].read()
        return augment(real, self.px, rng), augment(fake, self.px, rng)


def batches(steps: Steps, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches in order, prepared by `workers` processes beside this one, or by this one for 0."""
    ahead = 8 if workers else None
    yield from DataLoader(steps, batch_size=None, num_workers=workers, prefetch_factor=ahead)
