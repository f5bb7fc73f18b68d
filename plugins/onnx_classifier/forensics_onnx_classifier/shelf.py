"""Where cards lie, and what is there: good cards, and those that can't be used with the reason."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from forensics.errors import SettingsError, WeightsError
from forensics.settings import data_dir

from .cards import PREFIX, Card, read

VARIABLE = "FORENSICS_ONNX_CARDS"
FOLDER = "onnx-cards"


@dataclass(frozen=True)
class BrokenCard:
    """A card that can't be used: `detector` is what its stand-in is called, `why` names the file and the key."""

    path: Path
    detector: str
    why: str


def folders(environment: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return the folders of cards: those of FORENSICS_ONNX_CARDS, or the user's if that is there.

    Raises SettingsError when one that was named is not there.
    """
    named = [part for part in environment.get(VARIABLE, "").split(os.pathsep) if part]
    if not named:
        usual = data_dir() / FOLDER
        return (usual,) if usual.is_dir() else ()
    paths = tuple(Path(part).expanduser() for part in named)
    for folder in paths:
        if not folder.is_dir():
            raise SettingsError(f"{VARIABLE}: {folder}: there is no such folder")
    return paths


def on_shelf(places: Sequence[Path]) -> list[Card | BrokenCard]:
    """Return the cards in some folders, in the order of folders and names; of two with one name the first is used."""
    cards: dict[str, Card] = {}
    wrong: dict[Path, str] = {}
    for path in files(places):
        try:
            card = read(path)
            if card.name in cards:
                other = cards[card.name].path
                raise WeightsError(f"{path}: key 'name' is {card.name!r}, as in {other}; change it")
        except WeightsError as error:
            wrong[path] = str(error)
        else:
            cards[card.name] = card
    return [*cards.values(), *broken(wrong, {PREFIX + name for name in cards})]


def files(places: Iterable[Path]) -> Iterator[Path]:
    """Yield the cards' files, each once."""
    seen: set[Path] = set()
    for path in (path for place in places for path in sorted(place.glob("[!.]*.toml"))):
        if path.resolve() not in seen:
            seen.add(path.resolve())
            yield path


def broken(wrong: Mapping[Path, str], taken: Iterable[str]) -> Iterator[BrokenCard]:
    """Yield the cards that can't be used, each under a name of its own after its file's."""
    used = set(taken)
    for path, why in wrong.items():
        stem = PREFIX + (re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "card")
        names = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
        name = next(name for name in names if name not in used)
        used.add(name)
        yield BrokenCard(path, name, why)
