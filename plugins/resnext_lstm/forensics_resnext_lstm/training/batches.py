"""Training batches as a function of the recipe's seed and the step, so that a resumed run sees the same pictures."""

import copy
import signal
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..data import Crop, DataError, Group, apart, same_moment
from ..data.difference_maps import Map, change
from ..model import normalise
from .augment import augment, moved
from .mixing import Mixture
from .recipe import Recipe
from .selfblend import draw_blend, self_blend, widened

Image = npt.NDArray[np.uint8]
Batch = tuple[Tensor, ...]
CELL_PX = 16  # side of the places at which a batch says what was changed


class Pair(NamedTuple):
    """A real and a manipulated crop of the same video, (px, px, 3), and where the latter was changed, if that is known.

    `where` is (cells, cells), 0 to 1.
    """

    real: Image
    fake: Image
    where: Map | None = None


class Altered(NamedTuple):
    """A manipulated picture as it is stored, its margin, and where it was changed, (H, W), if that is known."""

    picture: Image
    margin: float
    where: Map | None = None


class Steps(Dataset[Batch]):
    """Batch number i: `pairs` source videos, each as a real crop and an aligned fake or self-blended one.

    A batch is (2 * pairs, 3, px, px) float normalised RGB, and (2 * pairs,) labels, 1 for fake. A recipe with `located`
    adds where they were changed, (2 * pairs, cells, cells), 0 to 1, or -1 throughout for a fake of which that is not
    known. Item 0 is step `first`.
    """

    def __init__(self, found: list[Group], recipe: Recipe, first: int, px: int) -> None:
        self.groups = [group for group in found if group.real]
        every = [crop for group in found for crop in (*group.real, *group.fake)]
        self.mixture = Mixture(every, recipe.shares) if recipe.shares else None
        self.recipe, self.first, self.px = recipe, first, px
        if not self.groups:
            raise DataError("no source video with a real crop is left to train on")

    def __len__(self) -> int:
        return self.recipe.steps - self.first

    def __getitem__(self, i: int) -> Batch:
        start = (self.first + i) * self.recipe.pairs
        pairs = [self.pair_at(start + k) for k in range(self.recipe.pairs)]
        pictures = np.stack([picture for pair in pairs for picture in (pair.real, pair.fake)])
        batch = normalise(torch.from_numpy(pictures)), torch.tensor([0.0, 1.0] * len(pairs))
        return (*batch, self.places(pairs)) if self.recipe.located else batch

    @property
    def cells(self) -> int:
        """How many places a crop has along each side."""
        return max(self.px // CELL_PX, 1)

    def places(self, pairs: list[Pair]) -> Tensor:
        """Return where the crops of a batch were changed."""
        real = np.zeros((self.cells, self.cells), np.float32)
        fakes = [real - 1 if pair.where is None else pair.where for pair in pairs]
        return torch.from_numpy(np.stack([place for fake in fakes for place in (real, fake)]))

    def pair_at(self, position: int) -> Pair:
        """Return the pair at a place in the endless list of pairs; each epoch has its own order of the videos."""
        rng = np.random.default_rng((self.recipe.seed, 7, position))
        if self.mixture is not None:
            return self.mixed_pair(self.mixture, rng)
        epoch, place = divmod(position, len(self.groups))
        order = np.random.default_rng((self.recipe.seed, epoch)).permutation(len(self.groups))
        return self.pair(self.groups[order[place]], rng)

    def mixed_pair(self, mixture: Mixture, rng: np.random.Generator) -> Pair:
        """Return a real and a manipulated crop out of a mixture; those that are no pair are each altered by themselves."""
        drawn = mixture.draw(rng, self.recipe.self_blended)
        if drawn.is_paired or not drawn.fakes:
            return self.pair(Group(drawn.real.real, drawn.fakes), rng, blends=not drawn.fakes)
        real = drawn.real.real[rng.integers(len(drawn.real.real))]
        fake = drawn.fakes[rng.integers(len(drawn.fakes))]
        return Pair(self.augmented(real, rng), self.augmented(fake, rng))

    def augmented(self, crop: Crop, rng: np.random.Generator) -> Image:
        """Return a crop as it is learnt from."""
        return augment(crop.stored(), self.px, rng, crop.margin, self.recipe.worse)

    def pair(self, group: Group, rng: np.random.Generator, blends: bool | None = None) -> Pair:
        """Return one real and one manipulated crop of the same video, blended with itself where `blends` says so."""
        real = group.real[rng.integers(len(group.real))]
        face = real.stored()
        if blends is None:
            blends = not group.fake or rng.random() < self.recipe.self_blended
        fake = self.altered(Group((), ()) if blends else group, real, face, rng)
        again = copy.deepcopy(rng) if self.recipe.paired else rng
        worse = self.recipe.worse
        first = augment(face, self.px, rng, real.margin, worse)
        where = self.moved_place(fake, copy.deepcopy(again))
        return Pair(first, augment(fake.picture, self.px, again, fake.margin, worse), where)

    def altered(self, group: Group, real: Crop, face: Image, rng: np.random.Generator) -> Altered:
        """Return a fake of the group, or where there is none that will do, the real picture blended with itself."""
        if group.fake:
            fake = aligned(real, group.fake[rng.integers(len(group.fake))], group.fake)
            picture = fake.stored()
            wanted = self.recipe.located or self.recipe.least_change
            if not wanted or not same_moment(real, fake):
                return Altered(picture, fake.margin)
            where, levels = change(face, picture)
            if levels >= self.recipe.least_change:
                return Altered(picture, fake.margin, where)
        blend = draw_blend(rng, self.recipe.mouths)
        picture = self_blend(face, widened(blend, real.margin))
        if not self.recipe.located:
            return Altered(picture, real.margin)
        return Altered(picture, real.margin, change(face, picture).where)

    def moved_place(self, fake: Altered, rng: np.random.Generator) -> Map | None:
        """Return where a fake was changed once `augment` has moved it, (cells, cells)."""
        if fake.where is None or not self.recipe.located:
            return None
        levels = np.asarray(fake.where * 255, np.uint8)
        place = moved(levels, self.px, rng, fake.margin).astype(np.float32) / 255
        size = (self.cells, self.cells)
        return np.asarray(cv2.resize(place, size, interpolation=cv2.INTER_AREA), np.float32)


def aligned(real: Crop, fake: Crop, among: Sequence[Crop]) -> Crop:
    """Return the crop of the same manipulated video that shows the real one's face at the same moment, or nearly."""
    same = [crop for crop in among if fake.video and crop.video == fake.video]
    return min(same, key=lambda crop: apart(real, crop), default=fake)


def without_partner(fakes: int, unit: str) -> list[str]:
    """Say what becomes of the fakes whose source video has no real `unit`; nothing where there is no such fake."""
    said = f"{fakes} fakes have no real {unit} of their source video and are not used"
    return [said] if fakes else []


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
    loader = DataLoader(
        guarded,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=ahead,
        worker_init_fn=undisturbed,
    )
    for batch in loader:
        if isinstance(batch, DataError):
            raise batch
        yield tuple(batch)


def undisturbed(_: int) -> None:
    """Leave a terminal's Ctrl-C to the process that this one prepares batches for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
