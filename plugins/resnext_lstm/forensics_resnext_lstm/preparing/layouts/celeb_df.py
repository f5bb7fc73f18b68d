"""Celeb-DF v2: three folders of videos and a list of those for testing (Li et al., CVPR 2020, arXiv 1909.12962)."""

import re
from pathlib import Path

from ...data import DataError
from .video import Video, parted

REAL, YOUTUBE, FAKE = "Celeb-real", "YouTube-real", "Celeb-synthesis"
TESTING = "List_of_testing_videos.txt"
SIGN = f"{REAL}, {YOUTUBE}, {FAKE} or {TESTING}"


def fits(source: Path) -> bool:
    """Say whether one of the folders or the list is there."""
    return any((source / name).exists() for name in (REAL, FAKE, TESTING))


def read(source: Path) -> list[Video]:
    """Return all videos in the folders; those on the list are of the split `test`, the others of `train`."""
    tested = testing(source / TESTING)
    found = [
        path for name in (REAL, YOUTUBE, FAKE) for path in sorted((source / name).glob("*.mp4"))
    ]
    return parted(video_of(path, path.relative_to(source).as_posix(), tested) for path in found)


def testing(path: Path) -> dict[str, bool]:
    """Return the videos for testing, true for fake. The list says 1 for real ones."""
    if not path.exists():
        return {}
    tested = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        label, _, name = line.strip().partition(" ")
        if line.strip():
            if label not in ("0", "1"):
                raise DataError(f"{path}: line {number}: must be 1 (real) or 0 (fake) and a path")
            tested[name.strip()] = label == "0"
    return tested


def video_of(path: Path, name: str, tested: dict[str, bool]) -> Video:
    """Return a video by its name: id3_0001 of person 3; id3_id7_0001 the same with the face of person 7."""
    folder = path.parent.name
    if name in tested and tested[name] != (folder == FAKE):
        raise DataError(f"{path}: {TESTING} gives it the other label")
    match = re.fullmatch(r"(id\d+)(?:_(id\d+))?_(\d+)", path.stem)
    if folder == YOUTUBE or match is None:
        persons, original = [f"{folder}-{path.stem}"], path.stem
    else:
        persons = [person for person in match.group(1, 2) if person]
        original = f"{match[1]}_{match[3]}"
    return Video(
        name=name,
        path=path,
        fake=folder == FAKE,
        original=original,
        dataset="Celeb-DF-v2",
        method="Celeb-DF" if folder == FAKE else "",
        identity="+".join(f"celeb-df-{person}" for person in persons),
        split="test" if name in tested else "train" if tested else "",
    )
