"""Which crops meet in a batch: many sources by fixed shares, within each by method and by person.

A data set of ten thousand videos would drown one of ten, and a person with many clips the others.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np

from ..data import Crop, DataError, Group, groups


class Draw(NamedTuple):
    """A source video with a real crop, and the manipulated crops to go with one of it; none: it is blended with itself."""

    real: Group
    fakes: tuple[Crop, ...]
    is_paired: bool


@dataclass(frozen=True)
class Fakes:
    """The manipulated videos of one method by person."""

    method: str
    by_person: tuple[tuple[Group, ...], ...]


class Pool:
    """One folder's crops: real ones are drawn by person, manipulated ones by method, then by person.

    A method's chance is the square root of how many people it shows: neither a method with one clip nor one with a
    thousand decides what is learnt.
    """

    def __init__(self, name: str, crops: Iterable[Crop]) -> None:
        found = groups(crops)
        self.real = by_person([group for group in found if group.real])
        if not self.real:
            raise DataError(f"{name}: has no real crop to train on")
        self.fakes = methods_of([group for group in found if group.fake])
        chances = np.array([sqrt(len(fakes.by_person)) for fakes in self.fakes])
        self.chances = chances / chances.sum() if len(chances) else chances

    def draw(self, rng: np.random.Generator, self_blended: float) -> Draw:
        """Return a real video and what is to be its fake."""
        blends = not self.fakes or rng.random() < self_blended
        if blends:
            return Draw(picked(self.real, rng), (), is_paired=False)
        fakes = self.fakes[int(rng.choice(len(self.fakes), p=self.chances))]
        group = picked(fakes.by_person, rng)
        if group.real:
            return Draw(group, group.fake, is_paired=True)
        return Draw(picked(self.real, rng), group.fake, is_paired=False)


class Mixture:
    """Several pools and their shares; raises DataError unless each folder has a share and each share a folder."""

    def __init__(self, crops: Iterable[Crop], shares: Mapping[str, float]) -> None:
        by_folder: dict[str, list[Crop]] = defaultdict(list)
        for crop in crops:
            by_folder[crop.place.archive.parent.name].append(crop)
        if by_folder.keys() != shares.keys():
            raise DataError(
                f"shares are for {', '.join(sorted(shares))}; the folders of --data are {', '.join(sorted(by_folder))}"
            )
        self.pools = [Pool(name, by_folder[name]) for name in shares]
        weights = np.array(list(shares.values()))
        self.chances = weights / weights.sum()

    def draw(self, rng: np.random.Generator, self_blended: float) -> Draw:
        """Return a real video and what is to be its fake, of one of the pools."""
        pool = self.pools[int(rng.choice(len(self.pools), p=self.chances))]
        return pool.draw(rng, self_blended)


def methods_of(found: Sequence[Group]) -> tuple[Fakes, ...]:
    """Return manipulated videos by method, in a stable order."""
    by_method: dict[str, list[Group]] = defaultdict(list)
    for group in found:
        for method in sorted({crop.method for crop in group.fake}):
            fake = tuple(crop for crop in group.fake if crop.method == method)
            by_method[method].append(Group(group.real, fake))
    return tuple(Fakes(method, by_person(videos)) for method, videos in sorted(by_method.items()))


def by_person(found: Sequence[Group]) -> tuple[tuple[Group, ...], ...]:
    """Return source videos by who is seen in them; where that is not known, a video by itself."""
    people: dict[str, list[Group]] = defaultdict(list)
    for group in found:
        first = (group.real or group.fake)[0]
        people[first.identity or f"video {first.dataset}/{first.original}"].append(group)
    return tuple(tuple(videos) for videos in people.values())


def picked(people: Sequence[Sequence[Group]], rng: np.random.Generator) -> Group:
    """Return a video of a person drawn at random."""
    videos = people[int(rng.integers(len(people)))]
    return videos[int(rng.integers(len(videos)))]
