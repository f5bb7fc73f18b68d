"""Clips of one face over time, and training batches of them as a function of the recipe's seed and the step."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset

from forensics.faces import resized

from ..data import Crop, DataError, middle
from .augment import augment_clip
from .batches import Batch
from .recipe import Recipe
from .selfblend import draw_clip_blend, self_blend, widened

Image = npt.NDArray[np.uint8]

LEAST_FRAMES = 3
WHOLE = 0.7  # share of clips that are taken as long as they are; others are cut to a random length


@dataclass(frozen=True)
class Clip:
    """The crops of one face track, oldest first."""

    crops: tuple[Crop, ...]

    @property
    def fake(self) -> bool:
        """Say whether it is labelled as manipulated."""
        return self.crops[0].fake


@dataclass(frozen=True)
class ClipGroup:
    """The clips of one source video: real ones, and those that were made from it."""

    real: tuple[Clip, ...]
    fake: tuple[Clip, ...]


def clips(crops: Iterable[Crop]) -> list[Clip]:
    """Gather crops by video and track, in a stable order; tracks of fewer than 3 faces are left out."""
    found: dict[tuple[str, str, int], list[Crop]] = defaultdict(list)
    for crop in crops:
        if crop.video:
            found[crop.dataset, crop.video, crop.track].append(crop)
    ordered = (
        sorted(some, key=lambda crop: (crop.run, crop.time_s)) for _, some in sorted(found.items())
    )
    return [Clip(tuple(some)) for some in ordered if len(some) >= LEAST_FRAMES]


def clip_groups(found: Iterable[Clip]) -> list[ClipGroup]:
    """Gather clips by source video, in a stable order."""
    by_source: dict[tuple[str, str], tuple[list[Clip], list[Clip]]] = defaultdict(lambda: ([], []))
    for clip in found:
        by_source[clip.crops[0].dataset, clip.crops[0].original][clip.fake].append(clip)
    return [ClipGroup(tuple(real), tuple(fake)) for _, (real, fake) in sorted(by_source.items())]


class SequenceSteps(Dataset[Batch]):
    """Batch number i: `pairs` source videos, each as a real clip and an aligned fake or self-blended one.

    A batch is (2 * pairs, T, px, px, 3) uint8 RGB, padded with zeros; (2 * pairs,) lengths; (2 * pairs,) labels, 1 for
    fake. Item 0 is step `first`.
    """

    def __init__(self, found: Sequence[Clip], recipe: Recipe, first: int) -> None:
        self.groups = [group for group in clip_groups(found) if group.real]
        self.recipe, self.first = recipe, first
        if not self.groups:
            raise DataError(
                "no real clip of at least 3 faces is left to train on; "
                "sequences need an index of 'forensics resnext-lstm prepare', with video and track"
            )

    def __len__(self) -> int:
        return self.recipe.steps - self.first

    def __getitem__(self, i: int) -> Batch:
        start = (self.first + i) * self.recipe.pairs
        pairs = [self.pair_at(start + k) for k in range(self.recipe.pairs)]
        return *padded([faces for pair in pairs for faces in pair]), torch.tensor(
            [0.0, 1.0] * len(pairs)
        )

    def pair_at(self, position: int) -> tuple[list[Image], list[Image]]:
        """Return the pair at a place in the endless list of pairs; each epoch has its own order of the videos."""
        epoch, place = divmod(position, len(self.groups))
        order = np.random.default_rng((self.recipe.seed, epoch)).permutation(len(self.groups))
        rng = np.random.default_rng((self.recipe.seed, 11, position))
        return self.pair(self.groups[order[place]], rng)

    def pair(self, group: ClipGroup, rng: np.random.Generator) -> tuple[list[Image], list[Image]]:
        """Return one real and one manipulated clip of the same video and, as far as it goes, of the same moments."""
        real = group.real[rng.integers(len(group.real))].crops
        length = min(len(real), self.recipe.frames)
        if rng.random() >= WHOLE:
            length = (
                int(rng.integers(LEAST_FRAMES, length + 1)) if length > LEAST_FRAMES else length
            )
        first = int(rng.integers(len(real) - length + 1))
        real = real[first : first + length]
        if not group.fake or rng.random() < self.recipe.self_blended:
            return self.augmented(real, None, rng), self.augmented(real, rng, rng)
        fake = group.fake[rng.integers(len(group.fake))].crops
        near = int(np.argmin([abs(crop.time_s - real[0].time_s) for crop in fake]))
        near = max(min(near, len(fake) - length), 0)
        return self.augmented(real, None, rng), self.augmented(
            fake[near : near + length], None, rng
        )

    def augmented(
        self,
        crops: Sequence[Crop],
        blend: np.random.Generator | None,
        rng: np.random.Generator,
    ) -> list[Image]:
        """Return a clip's degraded faces, blended with themselves first where draws are given for it."""
        faces = blended(crops, blend) if blend else [crop.stored() for crop in crops]
        margins = [crop.margin for crop in crops]
        return augment_clip(faces, self.recipe.px, rng, margins, self.recipe.reencoded)


def blended(crops: Sequence[Crop], rng: np.random.Generator) -> list[Image]:
    """Return the stored pictures of a clip with the face blended with itself, steadily or wavering."""
    blends = draw_clip_blend(rng, len(crops))
    return [
        self_blend(crop.stored(), widened(blend, crop.margin))
        for crop, blend in zip(crops, blends, strict=True)
    ]


def plain(crops: Sequence[Crop], px: int, stored: Sequence[Image] = ()) -> list[Image]:
    """Return a clip's faces as they are, (px, px, 3) each, or those in stored pictures that stand for its own."""
    pictures = stored or [crop.stored() for crop in crops]
    faces = [middle(*one) for one in zip(pictures, (crop.margin for crop in crops), strict=True)]
    return [resized(face, px) for face in faces]


def padded(found: Sequence[Sequence[Image]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return clips as (B, T, px, px, 3) uint8, T that of the longest, and their (B,) lengths."""
    lengths = [len(faces) for faces in found]
    whole = np.zeros((len(found), max(lengths), *found[0][0].shape), np.uint8)
    for place, faces in zip(whole, found, strict=True):
        place[: len(faces)] = faces
    return torch.from_numpy(whole), torch.tensor(lengths)
