"""FaceForensics++ and DeepFakeDetection: by method and compression (Rössler et al., ICCV 2019, arXiv 1901.08971)."""

import json
from collections.abc import Iterator
from pathlib import Path

from ...data import DataError
from .video import Video, parted

REAL, FAKE = "original_sequences", "manipulated_sequences"
SIGN = f"{REAL} or {FAKE}, with folders METHOD/c23/videos"
SPLITS = ("train", "val", "test")
PLACES = ("", "splits", "dataset/splits")
ACTORS = frozenset({"actors", "DeepFakeDetection"})


def fits(source: Path) -> bool:
    """Say whether one of the two folders is there."""
    return (source / REAL).is_dir() or (source / FAKE).is_dir()


def read(source: Path) -> list[Video]:
    """Return all videos; whoever is tied by a swap, in the files or in the split's pairs, has the same part."""
    pairs = dict(split_pairs(source))
    split_of = {person: split for pair, split in pairs.items() for person in pair}
    found = [
        path for kind in (REAL, FAKE) for path in sorted(source.glob(f"{kind}/*/*/videos/*.mp4"))
    ]
    videos = [video_of(path, path.relative_to(source).as_posix(), split_of) for path in found]
    return parted(videos, [identity("ffpp", pair) for pair in pairs])


def split_pairs(source: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the pairs of videos whose faces were swapped with each other, and their split."""
    for split in SPLITS:
        for path in (source / place / f"{split}.json" for place in PLACES):
            if path.exists():
                yield from ((pair, split) for pair in pairs_in(path))


def pairs_in(path: Path) -> list[tuple[str, ...]]:
    """Return the pairs in one split file: [["183", "253"], ...]."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return [tuple(str(name) for name in pair) for pair in content]
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path}: can't be read as pairs of videos: {error}") from error


def video_of(path: Path, name: str, split_of: dict[str, str]) -> Video:
    """Return a video by its name: 183_253 is video 183 with the face of 253; 01_02__scene__X likewise with actors."""
    kind, method, compression = Path(name).parts[:3]
    people, scene, _ = [*path.stem.split("__"), "", ""][:3]
    persons = tuple(people.split("_")) if kind == FAKE else (people,)
    acted = method in ACTORS
    return Video(
        name=name,
        path=path,
        fake=kind == FAKE,
        original=f"{persons[0]}__{scene}" if scene else persons[0],
        dataset=f"{'DeepFakeDetection' if acted else 'FaceForensics++'} {compression}",
        method=method if kind == FAKE else "",
        identity=identity("dfd" if acted else "ffpp", persons),
        split="" if acted else split_of.get(persons[0], ""),
    )


def identity(prefix: str, persons: tuple[str, ...]) -> str:
    """Return the cell that names the people of a video."""
    return "+".join(f"{prefix}-{person}" for person in persons)
