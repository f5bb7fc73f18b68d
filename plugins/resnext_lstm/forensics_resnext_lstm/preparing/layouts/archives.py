"""Face crops that are cut already: CSV files of file, label, original, part beside uncompressed tar archives."""

from pathlib import Path

from ...data import COLUMNS, Crop, read_index
from .plain import columns

SIGN = f"a CSV with the columns {', '.join(COLUMNS)} beside tar archives"


def fits(source: Path) -> bool:
    """Say whether there are such a CSV and an archive."""
    return bool(indexes(source)) and any(source.glob("*.tar"))


def indexes(source: Path) -> list[Path]:
    """Return the CSV files with those columns in a folder."""
    return [path for path in sorted(source.glob("*.csv")) if set(COLUMNS) <= columns(path)]


def read(source: Path) -> dict[str, list[Crop]]:
    """Return the crops of each CSV by its name; raises DataError naming the row that no archive has a picture for."""
    found = sorted(source.glob("*.tar"))
    return {path.name: read_index(path, found) for path in indexes(source)}
