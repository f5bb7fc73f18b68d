"""The DeepFake Detection Challenge: part folders with a `metadata.json` each (Dolhansky et al., arXiv 2006.07397)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...data import DataError
from .video import Video

SIGN = "metadata.json, in it or in folders such as dfdc_train_part_0"
METADATA = "metadata.json"
LABELS = {"REAL": False, "FAKE": True}


def files(source: Path) -> list[Path]:
    """Return the metadata files in a folder or up to two folders below."""
    return [path for depth in ("", "*/", "*/*/") for path in sorted(source.glob(depth + METADATA))]


def fits(source: Path) -> bool:
    """Say whether there is a metadata file."""
    return bool(files(source))


def read(source: Path) -> list[Video]:
    """Return the videos that the metadata files name, whether they are there or not."""
    return [video for path in files(source) for video in part_videos(source, path)]


def part_videos(source: Path, metadata: Path) -> Iterator[Video]:
    """Yield the videos of one part; its number is at the end of the folder's name."""
    number = re.search(r"(\d+)$", metadata.parent.resolve().name)
    for file, about in entries(metadata).items():
        if not isinstance(about, dict) or about.get("label") not in LABELS:
            raise DataError(f"{metadata}: {file}: key 'label' must be REAL or FAKE")
        path = metadata.parent / file
        yield Video(
            name=path.relative_to(source).as_posix(),
            path=path,
            fake=LABELS[about["label"]],
            original=Path(about.get("original") or file).stem,
            dataset="DFDC",
            part=int(number[1]) if number else -1,
            split="",  # what metadata calls `split` is "train" for all that is public
        )


def entries(metadata: Path) -> dict[str, Any]:
    """Return a metadata file's content."""
    try:
        content = json.loads(metadata.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{metadata}: can't be read: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{metadata}: must be an object of file names")
    return content
