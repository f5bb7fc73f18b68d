"""Crops by how far a fake differs from the real crop of its video: what can't be seen can't be found."""

from collections.abc import Sequence
from statistics import mean

from ..data import Crop, apart, groups, same_moment
from ..data.difference_maps import change
from .cases import Trial
from .scoring_crops import Faces

LEVELS = ((0, 6), (6, 12), (12, 20), (20, 30), (30, None))  # grey levels


def by_change(files: Sequence[Faces], trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    """Return the fakes whose original is there by how far they differ from it, each beside all real files.

    Raises DataError for a picture that can't be read.
    """
    differ = differences([crop for one in files for crop in one.crops])
    levels = [[differ[crop] for crop in one.crops if crop in differ] for one in files]
    known = [(trial, mean(some)) for trial, some in zip(trials, levels, strict=True) if some]
    found = {
        f"{low} to {high}" if high else f"{low} and more": [
            trial for trial, level in known if low <= level < (high or float("inf"))
        ]
        for low, high in LEVELS
    }
    real = [trial for trial in trials if not trial.known.fake]
    return {name: fakes + real for name, fakes in found.items() if fakes}


def differences(crops: Sequence[Crop]) -> dict[Crop, float]:
    """Return the difference of each fake from the real crop of its video at the same moment, where there is one."""
    found: dict[Crop, float] = {}
    for group in groups(crops):
        for fake in group.fake if group.real else ():
            nearest = min(group.real, key=lambda real: apart(real, fake))
            if same_moment(nearest, fake):
                found[fake] = change(nearest.read(), fake.read()).levels
    return found
