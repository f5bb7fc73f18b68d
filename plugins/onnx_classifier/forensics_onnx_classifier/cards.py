"""A card: what a TOML file says of the ONNX file beside it, as typed values. Imports neither NumPy nor onnxruntime."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from forensics.errors import WeightsError
from forensics.records import Calibration, MediaKind
from forensics.toml_tables import Rules, TableReader, above, at_least, load
from forensics.weights import RULES, TABLE_RULES, CropValues
from forensics.weights.manifest import check_file_name, check_sha256

SCHEMA = 1
PREFIX = "onnx-"
NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")


class Layout(StrEnum):
    """The order of a batch's axes: number, channels, height, width."""

    NCHW = "NCHW"
    NHWC = "NHWC"


class Colour(StrEnum):
    """The order of the channels."""

    RGB = "RGB"
    BGR = "BGR"


class Kind(StrEnum):
    """What a model's values are. `scores.log_odds` says how each becomes a score."""

    LOGIT = "logit"
    LOGITS = "logits"
    SOFTMAX = "softmax"
    PROBABILITY = "probability"


class Of(StrEnum):
    """What a model is shown."""

    FACE = "face"
    FRAME = "frame"


class Fit(StrEnum):
    """How a frame becomes a square: all of it out of proportion, or the largest square in its middle."""

    STRETCH = "stretch"
    CENTRE = "centre"


class How(StrEnum):
    """How the scores of a face's or a file's frames become one."""

    MEAN = "mean"
    MAX = "max"
    MEDIAN = "median"
    TOP = "top"


@dataclass(frozen=True)
class Input:
    """The square picture, `px` wide. A value is (byte x `scale` - `mean`) / `std`, these in the order of `colour`."""

    px: int
    layout: Layout
    colour: Colour
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Output:
    """Which value means fake, and what it is. `name` is the output's, "" where the model has one only."""

    fake: int
    kind: Kind
    name: str = ""


@dataclass(frozen=True)
class View:
    """What a model is shown: `crop` lies on a face's box as `faces.CropGeometry` says; `fit` is for whole frames."""

    of: Of
    crop: CropValues | None = None
    fit: Fit | None = None


@dataclass(frozen=True)
class Pooling:
    """How frames become one score; `top` is the number of the highest that `How.TOP` takes the mean of."""

    how: How
    top: int = 0


@dataclass(frozen=True, kw_only=True)
class CardFields:
    """What a card says but for its view. `name` is what stands in it; the detector is called `onnx-NAME`."""

    path: Path
    name: str
    file: str
    sha256: str
    licence: str
    permitted_use: str
    examines: tuple[str, ...]
    kinds: tuple[MediaKind, ...] = tuple(MediaKind)
    input: Input
    output: Output
    pooling: Pooling
    calibration: Calibration | None = None


@dataclass(frozen=True, kw_only=True)
class Card(CardFields):
    """One card."""

    view: View

    @property
    def model(self) -> Path:
        """The ONNX file, beside the card."""
        return self.path.parent / self.file

    def error(self, text: str) -> WeightsError:
        """Return the error that says what is wrong with the card or its model."""
        return WeightsError(f"{self.path}: {text}")


@dataclass(frozen=True)
class ViewTable:
    """The table `view` as it is written: `scale` and `shift` for faces, `fit` for frames."""

    of: Of
    scale: float | None = None
    shift: float | None = None
    fit: Fit | None = None


@dataclass(frozen=True, kw_only=True)
class CardTables(CardFields):
    """A card as it is written."""

    view: ViewTable


def check_name(value: str) -> str:
    """Return what is wrong with a name: it has to stand on a command line as it is."""
    is_plain = NAME.fullmatch(value)
    return "" if is_plain else f"is {value!r}, use a-z, 0-9 and single - . _ between them"


def check_kinds(kinds: tuple[MediaKind, ...]) -> str:
    """Return what is wrong with the kinds of media."""
    return "" if kinds else f"is empty, choose from {', '.join(MediaKind)}"


def check_mean(values: tuple[float, ...]) -> str:
    """Return what is wrong with numbers for the channels."""
    number = len(values)
    return "" if number == 3 else f"has {number} numbers, must have one for each of 3 channels"


def check_std(values: tuple[float, ...]) -> str:
    """Return what is wrong with divisors for the channels."""
    if text := check_mean(values):
        return text
    return "" if min(values) > 0 else f"is {list(values)}, each must be above 0"


def check_view(view: ViewTable) -> Iterator[tuple[str, str]]:
    """Yield the keys that a view lacks, and those that belong to another one."""
    needed = {"scale", "shift"} if view.of is Of.FACE else {"fit"}
    for key in ("scale", "shift", "fit"):
        if getattr(view, key) is None and key in needed:
            yield key, "is missing"
        if getattr(view, key) is not None and key not in needed:
            yield key, "is not known here"


def check_pooling(pooling: Pooling) -> Iterator[tuple[str, str]]:
    """Yield whether the number of the highest is missing, or is given in vain."""
    is_needed, is_given = pooling.how is How.TOP, pooling.top > 0
    if is_needed != is_given:
        yield "top", "is missing" if is_needed else "is not known here"


CARD: Rules = {
    CardTables: {
        "name": check_name,
        "file": check_file_name,
        "sha256": check_sha256,
        "kinds": check_kinds,
    },
    Input: {"px": at_least(1), "scale": above(0), "mean": check_mean, "std": check_std},
    Output: {"fake": at_least(0)},
    ViewTable: {"scale": above(0)},
    Pooling: {"top": at_least(1)},
}
READER = TableReader(
    WeightsError,
    {**RULES, **CARD},
    {**TABLE_RULES, ViewTable: check_view, Pooling: check_pooling},
)


def read(path: Path) -> Card:
    """Read a card; raises WeightsError with a line for everything that is wrong, naming the file and the key."""
    values = {"path": path, **load(path, WeightsError, SCHEMA)}
    tables = READER.structure(values, CardTables, str(path))
    view = make_view(tables.view, tables.input.px)
    card = Card(**{**vars(tables), "view": view})
    if not card.model.is_file():
        raise WeightsError(f"{path}: key 'file': there is no {card.file} beside it")
    return card


def make_view(table: ViewTable, px: int) -> View:
    """Return what a model is shown, in pictures of `px`."""
    if table.scale is None or table.shift is None:
        return View(table.of, fit=table.fit)
    return View(table.of, crop=CropValues(table.scale, table.shift, px))
