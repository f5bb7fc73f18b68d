"""Training batches as a function of the recipe's seed and the step, so that a resumed run sees the same pictures."""

import copy
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..data import Crop, DataError, Group
from ..model import normalise
from .augment import augment
from .recipe import Recipe
from .selfblend import draw_blend, self_blend, widened

Image = npt.NDArray[np.uint8]
Batch = tuple[Tensor, ...]


class Steps(Dataset[Batch]):
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

    def __getitem__(self, i: int) -> Batch:
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
        real = group.real[rng.integers(len(group.real))]
        face = real.stored()
        if not group.fake or rng.random() < self.recipe.self_blended:
            fake, made = real, widened(draw_blend(rng), real.margin)
            picture = self_blend(face, made)
        else:
            fake = aligned(real, group.fake[rng.integers(len(group.fake))], group.fake)
            picture = fake.stored()
        again = copy.deepcopy(rng) if self.recipe.paired else rng
        return (
            augment(face, self.px, rng, real.margin),
            augment(picture, self.px, again, fake.margin),
        )


def aligned(real: Crop, fake: Crop, among: Sequence[Crop]) -> Crop:
    """Return the crop of the same manipulated video that shows the real one's face at the same moment, or nearly."""
    same = [crop for crop in among if fake.video and crop.video == fake.video]
    return min(same, key=lambda crop: apart(real, crop), default=fake)


def apart(one: Crop, other: Crop) -> tuple[float, float]:
    """Return how far two faces are from each other, first in seconds, then in pixels of the frame."""
    return abs(one.time_s - other.time_s), abs(one.x - other.x) + abs(one.y - other.y)


class Guarded(Dataset[Batch | DataError]):
    """A data set whose errors cross from a loader's process as they are, without a traceback in their text."""

    def __init__(self, steps: Dataset[Batch]) -> None:
        self.steps = steps

    def __len__(self) -> int:
        return len(self.steps)  # type: ignore[arg-type]  # ours have a length

    def __getitem__(self, i: int) -> Batch | DataError:
        try:
            return self.steps[i]
        except DataError as error:
            return error


def batches(steps: Dataset[Batch], workers: int) -> Iterator[Batch]:
    """Yield the batches in order, prepared by `workers` processes beside this one, or by this one for 0.

    Raises DataError for a picture that can't be read.
    """
    ahead = 8 if workers else None
    guarded = Guarded(steps)
    for batch in DataLoader(guarded, batch_size=None, num_workers=workers, prefetch_factor=ahead):
        if isinstance(batch, DataError):
            raise batch
        yield tuple(batch)
