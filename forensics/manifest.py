"""What a manifest of weights says, as typed values. Imports neither torch nor NumPy.

A manifest is a TOML file beside the weights: `schema = 1`, and one `[[weights]]` table for each file.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from math import isfinite, log10
from pathlib import Path
from typing import Any, TypeVar

from .errors import WeightsError
from .records import Calibration, ErrorRate, MediaKind

SCHEMA = 1
FILE_NAME = "manifest.toml"
LEAST_FAKE_AT = log10(2)  # the least ratio that the verbal scale has words for
MOST_REAL_AT = 0.0

T = TypeVar("T")
M = TypeVar("M", bound=StrEnum)
KIND_WORDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


class WeightsStatus(StrEnum):
    """Whether weights have passed the release's measurements."""

    PROVISIONAL = "provisional"
    RELEASED = "released"


@dataclass(frozen=True)
class CropValues:
    """The crop that weights were trained on: the arguments of `faces.CropGeometry`, kept free of NumPy."""

    scale: float
    shift: float
    px: int


@dataclass(frozen=True)
class WeightsEntry:
    """One file of weights and everything that its use needs. `name` is that of the detector.

    `manifest` is where the entry stands; `frames` the sequence length it was trained for; `recipe` what it was made by;
    `figures` what was measured, free in form.
    """

    manifest: Path
    name: str
    file: str
    sha256: str
    layout: str
    trunk: str
    hidden: int
    frames: int
    status: WeightsStatus
    date: str
    licence: str
    permitted_use: str
    data: tuple[str, ...]
    crop: CropValues
    recipe: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The file of weights, beside its manifest."""
        return self.manifest.parent / self.file


@dataclass(frozen=True)
class Manifest:
    """A manifest as read."""

    path: Path
    entries: tuple[WeightsEntry, ...]


class Fields:
    """Takes values of known types out of one table; what is wrong is named by file, place and key."""

    def __init__(self, path: Path, place: str, values: Mapping[str, Any]) -> None:
        self.path, self.place, self.values = path, place, dict(values)

    def error(self, key: str, text: str) -> WeightsError:
        """Return the error that says what is wrong with a key."""
        return WeightsError(f"{self.path}: {self.place}key {key!r} {text}")

    def take(self, key: str, kind: type[T]) -> T:
        """Return the value of a key that must be there. A whole number passes for a number, infinity does not."""
        if key not in self.values:
            raise self.error(key, "is missing")
        value = self.values.pop(key)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind or (isinstance(value, float) and not isfinite(value)):
            raise self.error(key, f"is {value!r}, not {KIND_WORDS[kind]}")
        return value

    def count(self, key: str, least: int = 1) -> int:
        """Return a whole number of at least `least`."""
        value = self.take(key, int)
        if value < least:
            raise self.error(key, f"is {value}, must be at least {least}")
        return value

    def day(self, key: str) -> str:
        """Return a date as text, YYYY-MM-DD."""
        value = self.take(key, str)
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError as error:
            raise self.error(key, f"is {value!r}, not a date as YYYY-MM-DD") from error

    def member(self, key: str, value: str, kind: type[M]) -> M:
        """Turn a text that was taken from `key` into a member of an enumeration."""
        try:
            return kind(value)
        except ValueError as error:
            raise self.error(key, f"is {value!r}, choose from {', '.join(kind)}") from error

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        values = self.take(key, list)
        if not all(isinstance(value, str) for value in values):
            raise self.error(key, f"is {values!r}, not a list of texts")
        return tuple(values)

    def optional(self, key: str) -> "Fields | None":
        """Return a table that may be absent."""
        return self.table(key) if key in self.values else None

    def table(self, key: str) -> "Fields":
        """Return a table that must be there."""
        return Fields(self.path, f"{self.place}{key}: ", self.take(key, dict))

    def finish(self) -> None:
        """Refuse keys that nobody took."""
        for key in sorted(self.values):
            raise self.error(key, "is not known here")


def read(path: Path) -> Manifest:
    """Read a manifest; raises WeightsError naming the file and the key that is wrong."""
    try:
        top = Fields(path, "", tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WeightsError(f"{path}: can't be read: {error}") from error
    if (schema := top.take("schema", int)) != SCHEMA:
        raise top.error("schema", f"is {schema}, this program reads {SCHEMA}")
    tables = top.take("weights", list) if "weights" in top.values else []
    top.finish()
    entries = tuple(read_entry(path, i, values) for i, values in enumerate(tables, 1))
    names = [entry.name for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise WeightsError(f"{path}: key 'name' is {twice[0]!r} in two entries")
    return Manifest(path, entries)


def read_entry(path: Path, number: int, values: Any) -> WeightsEntry:
    """Read one `[[weights]]` table."""
    if not isinstance(values, dict):
        raise WeightsError(f"{path}: key 'weights' must be a list of [[weights]] tables")
    fields = Fields(path, f"weights {values.get('name', number)!r}: ", values)
    entry = WeightsEntry(
        manifest=path,
        name=fields.take("name", str),
        file=read_file_name(fields),
        sha256=read_sha256(fields),
        layout=fields.take("layout", str),
        trunk=fields.take("trunk", str),
        hidden=fields.count("hidden"),
        frames=fields.count("frames"),
        status=fields.member("status", fields.take("status", str), WeightsStatus),
        date=fields.day("date"),
        licence=fields.take("licence", str),
        permitted_use=fields.take("permitted_use", str),
        data=fields.texts("data"),
        crop=read_crop(fields.table("crop")),
        recipe=fields.take("recipe", dict),
        calibration=read_calibration(fields.optional("calibration")),
        figures=fields.take("figures", dict) if "figures" in values else {},
    )
    fields.finish()
    return entry


def read_file_name(fields: Fields) -> str:
    """Read the name of a file that lies beside the manifest: no path, so that no manifest reaches elsewhere."""
    value = fields.take("file", str)
    if value != Path(value).name or "\\" in value:
        raise fields.error(
            "file", f"is {value!r}, not the plain name of a file beside the manifest"
        )
    return value


def read_sha256(fields: Fields) -> str:
    """Read a SHA-256 in lower-case hexadecimal."""
    value = fields.take("sha256", str)
    if len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        raise fields.error("sha256", f"is {value!r}, not 64 lower-case hexadecimal digits")
    return value


def read_crop(fields: Fields) -> CropValues:
    """Read the geometry of the crop."""
    crop = CropValues(fields.take("scale", float), fields.take("shift", float), fields.count("px"))
    fields.finish()
    if crop.scale <= 0:
        raise fields.error("scale", f"is {crop.scale}, must be above 0")
    return crop


def read_calibration(fields: Fields | None) -> Calibration | None:
    """Read a calibration; None where there is none."""
    if fields is None:
        return None
    calibration = Calibration(
        slope=fields.take("slope", float),
        intercept=fields.take("intercept", float),
        cap_log10=fields.take("cap_log10", float),
        fake_at=fields.take("fake_at", float),
        real_at=fields.take("real_at", float),
        min_face_px=fields.count("min_face_px"),
        min_frames=fields.count("min_frames"),
        kinds=tuple(fields.member("kinds", kind, MediaKind) for kind in fields.texts("kinds")),
        flagged_real=read_error_rate(fields.optional("flagged_real")),
        missed_fake=read_error_rate(fields.optional("missed_fake")),
    )
    fields.finish()
    check_thresholds(fields, calibration)
    if calibration.cap_log10 <= 0:
        raise fields.error("cap_log10", f"is {calibration.cap_log10}, must be above 0")
    return calibration


def check_thresholds(fields: Fields, calibration: Calibration) -> None:
    """Refuse thresholds at which a label would contradict its ratio."""
    if calibration.fake_at < LEAST_FAKE_AT:
        text = f"is {calibration.fake_at}, must be at least log10(2) = {LEAST_FAKE_AT}: "
        raise fields.error("fake_at", text + "a smaller ratio supports nothing")
    if calibration.real_at > MOST_REAL_AT:
        text = f"is {calibration.real_at}, must be at most {MOST_REAL_AT:g}: "
        raise fields.error("real_at", text + "a larger ratio speaks for a fake")


def read_error_rate(fields: Fields | None) -> ErrorRate | None:
    """Read the counts of one validation; None where there are none."""
    if fields is None:
        return None
    files, wrong = fields.count("files"), fields.count("wrong", least=0)
    unit = fields.take("unit", str) if "unit" in fields.values else "files"
    rate = ErrorRate(files, wrong, fields.take("data", str), fields.day("date"), unit)
    fields.finish()
    if wrong > files:
        raise fields.error("wrong", f"is {wrong} of {files} {unit}")
    return rate


def put(entry: WeightsEntry) -> None:
    """Write an entry into its manifest, in the place of one with the same name. Comments there are lost."""
    import tomli_w

    path = entry.manifest
    others = [e for e in read(path).entries if e.name != entry.name] if path.exists() else []
    tables = [as_table(e) for e in [*others, entry]]
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".tmp")
    half.write_text(tomli_w.dumps({"schema": SCHEMA, "weights": tables}), encoding="utf-8")
    read(half)
    half.replace(path)


def as_table(entry: WeightsEntry) -> dict[str, Any]:
    """Return an entry as the TOML table that reads back as it."""
    table = {key: value for key, value in asdict(entry).items() if key != "manifest"}
    return {key: toml_value(value) for key, value in table.items() if value is not None}


def toml_value(value: Any) -> Any:
    """Return a value as TOML knows it: enumerations as text, tuples as lists, None left out."""
    if isinstance(value, dict):
        return {key: toml_value(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [toml_value(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value
