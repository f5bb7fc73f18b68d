"""A card: what a TOML file says of the ONNX file beside it, as typed values. Imports neither NumPy nor onnxruntime."""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from forensics.errors import WeightsError
from forensics.records import Calibration, MediaKind
from forensics.weights import CropValues, Fields
from forensics.weights.calibration import read_calibration
from forensics.weights.manifest import read_file_name, read_sha256

SCHEMA = 1
PREFIX = "onnx-"
NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
M = TypeVar("M", bound=StrEnum)


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


@dataclass(frozen=True)
class Card:
    """One card. `name` is what stands in it; the detector is called `onnx-NAME`."""

    path: Path
    name: str
    file: str
    sha256: str
    licence: str
    permitted_use: str
    examines: tuple[str, ...]
    kinds: tuple[MediaKind, ...]
    input: Input
    output: Output
    view: View
    pooling: Pooling
    calibration: Calibration | None = None

    @property
    def model(self) -> Path:
        """The ONNX file, beside the card."""
        return self.path.parent / self.file

    def error(self, text: str) -> WeightsError:
        """Return the error that says what is wrong with the card or its model."""
        return WeightsError(f"{self.path}: {text}")


def read(path: Path) -> Card:
    """Read a card; raises WeightsError naming the file and the key that is wrong."""
    try:
        fields = Fields(path, "", tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WeightsError(f"{path}: can't be read: {error}") from error
    if (schema := fields.take("schema", int)) != SCHEMA:
        raise fields.error("schema", f"is {schema}, this program reads {SCHEMA}")
    card = read_fields(path, fields)
    fields.finish()
    if not card.model.is_file():
        raise WeightsError(f"{path}: key 'file': there is no {card.file} beside it")
    return card


def read_fields(path: Path, fields: Fields) -> Card:
    """Read a card's values."""
    pixels = read_input(fields.table("input"))
    return Card(
        path=path,
        name=read_name(fields),
        file=read_file_name(fields),
        sha256=read_sha256(fields),
        licence=fields.take("licence", str),
        permitted_use=fields.take("permitted_use", str),
        examines=fields.texts("examines"),
        kinds=read_kinds(fields),
        input=pixels,
        output=read_output(fields.table("output")),
        view=read_view(fields.table("view"), pixels.px),
        pooling=read_pooling(fields.table("pooling")),
        calibration=read_calibration(fields.optional("calibration")),
    )


def read_name(fields: Fields) -> str:
    """Read a name that can stand on a command line as it is."""
    name = fields.take("name", str)
    if not NAME.fullmatch(name):
        raise fields.error("name", f"is {name!r}, use a-z, 0-9 and single - . _ between them")
    return name


def read_kinds(fields: Fields) -> tuple[MediaKind, ...]:
    """Read the kinds of media; both where the card does not say."""
    if "kinds" not in fields.values:
        return tuple(MediaKind)
    found = tuple(fields.member("kinds", kind, MediaKind) for kind in fields.texts("kinds"))
    if not found:
        raise fields.error("kinds", f"is empty, choose from {', '.join(MediaKind)}")
    return found


def read_input(fields: Fields) -> Input:
    """Read how a picture is put before the model."""
    found = Input(
        px=fields.count("px"),
        layout=member(fields, "layout", Layout),
        colour=member(fields, "colour", Colour),
        scale=fields.take("scale", float),
        mean=three(fields, "mean"),
        std=three(fields, "std"),
    )
    fields.finish()
    if found.scale <= 0:
        raise fields.error("scale", f"is {found.scale}, must be above 0")
    if min(found.std) <= 0:
        raise fields.error("std", f"is {list(found.std)}, each must be above 0")
    return found


def read_output(fields: Fields) -> Output:
    """Read what the model's values mean."""
    name = fields.take("name", str) if "name" in fields.values else ""
    found = Output(fields.count("fake", least=0), member(fields, "kind", Kind), name)
    fields.finish()
    return found


def read_view(fields: Fields, px: int) -> View:
    """Read what the model is shown."""
    of = member(fields, "of", Of)
    if of is Of.FRAME:
        view = View(of, fit=member(fields, "fit", Fit))
    else:
        crop = CropValues(fields.take("scale", float), fields.take("shift", float), px)
        view = View(of, crop=crop)
    fields.finish()
    if view.crop is not None and view.crop.scale <= 0:
        raise fields.error("scale", f"is {view.crop.scale}, must be above 0")
    return view


def read_pooling(fields: Fields) -> Pooling:
    """Read how frames become one score."""
    how = member(fields, "how", How)
    found = Pooling(how, fields.count("top") if how is How.TOP else 0)
    fields.finish()
    return found


def member(fields: Fields, key: str, kind: type[M]) -> M:
    """Take a member of an enumeration."""
    return fields.member(key, fields.take(key, str), kind)


def three(fields: Fields, key: str) -> tuple[float, ...]:
    """Take three numbers, one for each channel."""
    values = fields.take(key, list)
    numbers = Fields(
        fields.path, f"{fields.place}{key}: ", {str(i): v for i, v in enumerate(values)}
    )
    if len(values) != 3:
        raise fields.error(key, f"has {len(values)} numbers, must have one for each of 3 channels")
    return tuple(numbers.take(str(i), float) for i in range(3))
