"""What a manifest of weights says, as typed values. Imports neither torch nor NumPy.

A manifest is a TOML file beside the weights: `schema = 1`, and one `[[weights]]` table for each file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..errors import WeightsError
from ..files import whole
from ..records import Calibration, MediaKind, Together
from ..toml_tables import (
    Rules,
    TableReader,
    TableRules,
    above,
    at_least,
    check_date,
    load,
    toml_value,
)
from . import calibration

SCHEMA = 1
FILE_NAME = "manifest.toml"


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
    `stages` all the stages of its training, of which the recipe is the last one's, and `learnt` whose material it learnt from;
    `figures` what was measured, free in form. `maps` is False where maps of the network's response do not change with
    the weights, so that they say nothing about it. `mirrored` is True where every crop is looked at mirrored as well.
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
    maps: bool = True
    mirrored: bool = False
    learnt: tuple[str, ...] = ()
    stages: tuple[Mapping[str, Any], ...] = ()

    @property
    def path(self) -> Path:
        """The file of weights, beside its manifest."""
        return self.manifest.parent / self.file


@dataclass(frozen=True)
class Manifest:
    """A manifest as read. `together` has the errors of several entries' verdicts."""

    path: Path
    entries: tuple[WeightsEntry, ...] = ()
    together: tuple[Together, ...] = ()


@dataclass(frozen=True)
class ManifestTables:
    """The tables of a manifest's file."""

    weights: tuple[WeightsEntry, ...] = ()
    together: tuple[Together, ...] = ()


def check_file_name(value: str) -> str:
    """Return what is wrong with the name of a file beside the manifest: a path could reach elsewhere."""
    if value == Path(value).name and "\\" not in value:
        return ""
    return f"is {value!r}, not the plain name of a file beside the manifest"


def check_sha256(value: str) -> str:
    """Return what is wrong with a SHA-256."""
    if len(value) == 64 and set(value) <= set("0123456789abcdef"):
        return ""
    return f"is {value!r}, not 64 lower-case hexadecimal digits"


def check_names(tables: ManifestTables) -> Iterator[tuple[str, str]]:
    """Yield the names that two entries have."""
    names = [entry.name for entry in tables.weights]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield "name", f"is {name!r} in two entries"


RULES: Rules = {
    **calibration.RULES,
    CropValues: {"scale": above(0), "px": at_least(1)},
    WeightsEntry: {
        "file": check_file_name,
        "sha256": check_sha256,
        "hidden": at_least(1),
        "frames": at_least(1),
        "date": check_date,
    },
}
TABLE_RULES: TableRules = {**calibration.TABLE_RULES, ManifestTables: check_names}
READER = TableReader(WeightsError, RULES, TABLE_RULES)


def read(path: Path) -> Manifest:
    """Read a manifest; raises WeightsError with a line for everything that is wrong, naming the file and the key."""
    values = load(path, WeightsError, SCHEMA)
    entries = values.get("weights", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise WeightsError(f"{path}: key 'weights' must be a list of [[weights]] tables")
    values["weights"] = [{"manifest": path, **entry} for entry in entries]
    tables = READER.structure(values, ManifestTables, str(path))
    return Manifest(path, tables.weights, tables.together)


def put(entry: WeightsEntry) -> None:
    """Write an entry into its manifest, in the place of one with the same name. Comments there are lost.

    What was measured of it together with others goes, unless only its figures are new; where what holds for videos is new,
    that about stills stays.
    """
    manifest = read(entry.manifest) if entry.manifest.exists() else Manifest(entry.manifest)
    others = tuple(e for e in manifest.entries if e.name != entry.name)
    is_same = any(replace(e, figures=entry.figures) == entry for e in manifest.entries)
    is_for_stills = any(about_stills(e) == about_stills(entry) for e in manifest.entries)
    together = tuple(
        rates if is_same or entry.name not in rates.of else replace(rates, kinds=(MediaKind.STILL,))
        for rates in manifest.together
        if is_same
        or entry.name not in rates.of
        or (is_for_stills and MediaKind.STILL in rates.kinds)
    )
    write(Manifest(manifest.path, (*others, entry), together))


def about_stills(entry: WeightsEntry) -> WeightsEntry:
    """Return an entry without what is about videos alone, and without its figures."""
    calibration = entry.calibration
    if calibration is not None:
        calibration = replace(calibration, videos=None, kinds=(MediaKind.STILL,))
    return replace(entry, figures={}, calibration=calibration)


def put_together(path: Path, errors: Together) -> None:
    """Write what was measured of several entries' verdict into their manifest, in the place of what it said of these media."""
    manifest = read(path)
    kept = []
    for rates in manifest.together:
        kinds = tuple(kind for kind in rates.kinds if kind not in errors.kinds)
        if set(rates.of) != set(errors.of):
            kept.append(rates)
        elif kinds:
            kept.append(replace(rates, kinds=kinds))
    write(replace(manifest, together=(*kept, errors)))


def write(manifest: Manifest) -> None:
    """Write a manifest, whole or not at all; raises WeightsError when it could not be read again."""
    import tomli_w

    path = manifest.path
    tables: dict[str, Any] = {
        "schema": SCHEMA,
        "weights": [as_table(entry) for entry in manifest.entries],
    }
    if manifest.together:
        tables["together"] = [toml_value(asdict(rates)) for rates in manifest.together]
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as half:
        half.write_text(tomli_w.dumps(tables), encoding="utf-8")
        read(half)


def as_table(entry: WeightsEntry) -> dict[str, Any]:
    """Return an entry as the TOML table that reads back as it."""
    table = {key: value for key, value in asdict(entry).items() if key != "manifest"}
    return {key: toml_value(value) for key, value in table.items() if value is not None}
