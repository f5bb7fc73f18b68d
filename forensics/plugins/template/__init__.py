"""A new plugin's project, written from the files beside this one: it works as it is, and is then changed."""

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from ... import __version__
from ...errors import UsageError
from ...hookspecs import CONTRACT_VERSION

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
PLACES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "module.py": "$module/__init__.py",
    "detector.py": "$module/detector.py",
    "py.typed": "$module/py.typed",
    "test.py": "tests/test_$slug.py",
    "check.yml": ".github/workflows/check.yml",
}


@dataclass(frozen=True)
class Written:
    """What was written, and which file is the one to change."""

    folder: Path
    files: tuple[Path, ...]
    detector: Path


def write(name: str, folder: Path | None = None) -> Written:
    """Write the project of a plugin with one detector of this name; the folder must be new or empty.

    Raises UsageError for a name that is none for a distribution and a module, and for a folder with files in it.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} can't be a detector's name; use small letters, digits and single hyphens, as in 'film-grain'"
        )
    values = names(name)
    folder = folder or Path(values["distribution"])
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: is there already and not empty; name another with --dir")
    written = tuple(fill(source, place, folder, values) for source, place in PLACES.items())
    return Written(folder, written, folder / values["module"] / "detector.py")


def names(name: str) -> dict[str, str]:
    """Return what stands in for the placeholders."""
    slug = name.replace("-", "_")
    return {
        "name": name,
        "slug": slug,
        "module": f"forensics_{slug}",
        "distribution": f"forensics-{name}",
        "title": "".join(word.capitalize() for word in name.split("-")),
        "contract": str(CONTRACT_VERSION),
        "toolkit": __version__,
    }


def fill(source: str, place: str, folder: Path, values: dict[str, str]) -> Path:
    """Write one file with its placeholders filled in; returns its path."""
    path = folder / Template(place).substitute(values)
    text = (files(__name__) / "files" / f"{source}.template").read_text(encoding="utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Template(text).substitute(values), encoding="utf-8")
    return path
