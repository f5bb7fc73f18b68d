"""The two sides of the data, trained on and held out, and how many crops are on neither."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..data import TEST, VAL, Crop, DataError, read_folder, split
from .leak_check import check, without, without_tested
from .recipe import Recipe


@dataclass(frozen=True)
class Sides:
    """The crops to train on and the held-out ones. `left_out` says how many are neither, and why."""

    train: list[Crop]
    held: list[Crop]
    left_out: tuple[str, ...]


def read_sides(recipe: Recipe, folders: Iterable[Path]) -> Sides:
    """Read both sides; raises DataError when anybody is on both, and when nothing is left to train on."""
    crops = [crop for folder in folders for crop in read_folder(folder)]
    known = without_tested(crops)
    rest, held = split(known, frozenset(recipe.held_out))
    train = without(rest, [crop for crop in held if crop.split == VAL])
    tested = labels(crop for crop in crops if crop.split == TEST)
    lost = {
        "of the test split": tested,
        "of people tied to the test split": labels(crops) - labels(known) - tested,
        "of people tied to the val split": labels(rest) - labels(train),
        "of unknown people": labels(known) - labels(rest) - labels(held),
    }
    left_out = tuple(told(count, why) for why, count in lost.items() if count)
    if not train:
        why = "; ".join([f"{len(held)} are held out", *left_out])
        raise DataError(f"of {len(crops)} crops none is left to train on: {why}")
    check(train, held)
    return Sides(train, held, left_out)


def labels(crops: Iterable[Crop]) -> Counter[str]:
    """Count the crops of either label."""
    return Counter("fake" if crop.fake else "real" for crop in crops)


def told(count: Counter[str], why: str) -> str:
    """Say that crops are left out."""
    return f"{count['real']} real and {count['fake']} fake crops {why} are left out"
