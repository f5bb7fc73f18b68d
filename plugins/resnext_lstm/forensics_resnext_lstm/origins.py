"""What a file was made from: what its name tells of people and of the original, and what a column `source` means."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

SEPARATORS = re.compile(r"\s*[,;|+]\s*")
NAMED_BY_PEOPLE = (  # each with the name of the original
    (re.compile(r"(\d{3})_(\d{3})"), r"\1"),  # FaceForensics++: target and source
    # DeepFakeDetection: actors, then the scene, then what makes a fake's name unique
    (re.compile(r"(\d\d)(?:_(\d\d))?(__.+?)(?:__[0-9A-Z]{8})?"), r"\1\3"),
    (re.compile(r"(id\d+)(?:_(id\d+))?(_\d{4})"), r"\1\3"),  # Celeb-DF: people, the clip's number
)
MOST_SOURCES = 20  # with more of them `source` names videos, not data sets
LEAST_SHARING = (
    4  # real files of one source: a source video is one real file, or one in each compression
)


def people_in(name: str) -> frozenset[str]:
    """Return who is named: a fake 183_253 ties 183 and 253 together. Other names count whole, each of a list."""
    for pattern, _ in NAMED_BY_PEOPLE:
        if found := pattern.fullmatch(name):
            return frozenset(who for who in found.group(1, 2) if who)
    return frozenset(filter(None, SEPARATORS.split(name)))


def original_of(name: str) -> str:
    """Return the original of a swap by its name: 183_253 is video 183 with the face of 253. Other names stay."""
    for pattern, original in NAMED_BY_PEOPLE:
        if found := pattern.fullmatch(name):
            return found.expand(original)
    return name


def names_datasets(rows: Sequence[tuple[int, Mapping[str, str]]]) -> bool:
    """Say whether the column `source` names data sets: it has few values, and real files share them.

    Otherwise it names the video that a file was made from, of which there is one real file.
    """
    values = {row.get("source", "") for _, row in rows}
    real = Counter(
        (row.get("dataset", ""), row["source"])
        for _, row in rows
        if row.get("label") == "real" and row.get("source")
    )
    return len(values) <= MOST_SOURCES and real.total() >= LEAST_SHARING * max(len(real), 1)
