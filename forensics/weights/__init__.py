"""Where weights are found, and whether they are what their manifest says. Imports neither torch nor NumPy.

The folder of the setting `weights` is searched first, then the installed data distribution; of two entries with one
name the first wins.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from ..errors import WeightsError
from ..files import sha256_of
from ..records import Together
from ..settings import Settings
from ..toml_tables import toml_value
from .manifest import (
    FILE_NAME,
    RULES,
    TABLE_RULES,
    CropValues,
    Manifest,
    WeightsEntry,
    WeightsStatus,
    put,
    put_together,
    read,
)

__all__ = [
    "FILE_NAME",
    "RULES",
    "TABLE_RULES",
    "CropValues",
    "Manifest",
    "WeightsEntry",
    "WeightsStatus",
    "find",
    "get",
    "put",
    "put_together",
    "read",
    "sha256_of",
    "together",
    "toml_value",
    "verify",
]

PACKAGE = "forensics_weights"


def find(settings: Settings) -> list[WeightsEntry]:
    """Return all weights there are, those of the settings' folder first, each name once.

    Raises WeightsError when a manifest is wrong, or when the folder of the settings has none.
    """
    entries: dict[str, WeightsEntry] = {}
    for path in manifests(settings):
        for entry in read(path).entries:
            entries.setdefault(entry.name, entry)
    return list(entries.values())


def together(settings: Settings, weights: Mapping[str, str | None]) -> tuple[Together, ...]:
    """Return the errors of verdicts together that were measured with these weights, given by the detectors' names.

    A manifest speaks only for entries that are used from it: another one may have other calibrations for the same file.
    """
    used = {entry.name: entry.manifest for entry in find(settings)}
    return tuple(
        rates
        for path in dict.fromkeys(used.values())
        for rates in read(path).together
        if all(used.get(name) == path for name in rates.of)
        and [weights.get(name) for name in rates.of] == [*rates.weights]
    )


def get(settings: Settings, name: str) -> WeightsEntry:
    """Return the weights of one detector; raises WeightsError when there are none."""
    for entry in find(settings):
        if entry.name == name:
            return entry
    places = ", ".join(str(path) for path in manifests(settings)) or "no manifest"
    raise WeightsError(
        f"no weights for {name!r} in {places}; install forensics-weights or set FORENSICS_WEIGHTS to a folder "
        "with a manifest.toml, then run 'forensics weights list'"
    )


def verify(entry: WeightsEntry) -> None:
    """Raise WeightsError unless the file's SHA-256 is the one its manifest gives."""
    try:
        actual = sha256_of(entry.path)
    except OSError as error:
        raise WeightsError(
            f"{entry.path}: can't be read: {error.strerror}; run 'forensics weights verify'"
        ) from error
    if actual != entry.sha256:
        raise WeightsError(
            f"{entry.path}: SHA-256 is {actual[:12]}.., the manifest says {entry.sha256[:12]}..; "
            "run 'forensics weights verify'"
        )


def manifests(settings: Settings) -> list[Path]:
    """Return the manifests that are searched, in order."""
    paths = []
    if settings.weights:
        path = Path(settings.weights).expanduser() / FILE_NAME
        if not path.is_file():
            raise WeightsError(f"{path}: there is no such manifest; set FORENSICS_WEIGHTS aright")
        paths.append(path)
    installed = installed_folder()
    if installed is not None and (installed / FILE_NAME).is_file():
        paths.append(installed / FILE_NAME)
    return paths


def installed_folder() -> Path | None:
    """Return the folder of the installed data distribution, or None."""
    spec = find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None
