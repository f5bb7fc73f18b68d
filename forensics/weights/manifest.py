"""What a manifest of weights says, as typed values. Imports neither torch nor NumPy.

A manifest is a TOML file beside the weights: `schema = 1`, and one `[[weights]]` table for each file.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..errors import WeightsError
from ..files import whole
from ..records import Calibration, Together
from .calibration import read_calibration, read_together
from .toml_table import Fields, toml_value

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


def read(path: Path) -> Manifest:
    """Read a manifest; raises WeightsError naming the file and the key that is wrong."""
    try:
        top = Fields(path, "", tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WeightsError(f"{path}: can't be read: {error}") from error
    if (schema := top.take("schema", int)) != SCHEMA:
        raise top.error("schema", f"is {schema}, this program reads {SCHEMA}")
    tables = top.take("weights", list) if "weights" in top.values else []
    together = tuple(read_together(table) for table in top.tables("together"))
    top.finish()
    entries = tuple(read_entry(path, i, values) for i, values in enumerate(tables, 1))
    names = [entry.name for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise WeightsError(f"{path}: key 'name' is {twice[0]!r} in two entries")
    return Manifest(path, entries, together)


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
        maps=fields.take("maps", bool) if "maps" in values else True,
        mirrored=fields.take("mirrored", bool) if "mirrored" in values else False,
        learnt=fields.texts("learnt") if "learnt" in values else (),
        stages=tuple(table.values for table in fields.tables("stages")),
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


def put(entry: WeightsEntry) -> None:
    """Write an entry into its manifest, in the place of one with the same name. Comments there are lost.

    What was measured of it together with others goes, unless only its figures are new.
    """
    found = read(entry.manifest) if entry.manifest.exists() else Manifest(entry.manifest)
    others = tuple(e for e in found.entries if e.name != entry.name)
    same = any(replace(e, figures=entry.figures) == entry for e in found.entries)
    together = tuple(one for one in found.together if same or entry.name not in one.of)
    write(Manifest(found.path, (*others, entry), together))


def put_together(path: Path, errors: Together) -> None:
    """Write the errors of several entries' verdict into their manifest, in the place of those of the same entries."""
    found = read(path)
    others = tuple(one for one in found.together if set(one.of) != set(errors.of))
    write(replace(found, together=(*others, errors)))


def write(manifest: Manifest) -> None:
    """Write a manifest, whole or not at all; raises WeightsError when it could not be read again."""
    import tomli_w

    path = manifest.path
    tables: dict[str, Any] = {
        "schema": SCHEMA,
        "weights": [as_table(entry) for entry in manifest.entries],
    }
    if manifest.together:
        tables["together"] = [toml_value(asdict(one)) for one in manifest.together]
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as half:
        half.write_text(tomli_w.dumps(tables), encoding="utf-8")
        read(half)


def as_table(entry: WeightsEntry) -> dict[str, Any]:
    """Return an entry as the TOML table that reads back as it."""
    table = {key: value for key, value in asdict(entry).items() if key != "manifest"}
    return {key: toml_value(value) for key, value in table.items() if value is not None}
