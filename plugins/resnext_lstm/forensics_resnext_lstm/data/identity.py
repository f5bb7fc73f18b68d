"""Who is tied to whom: people who share a manipulated video are one identity, and an identity is never divided."""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

TIE = "+"  # between the names of people in one cell
PARTS = 50  # as many as the training set of the DeepFake Detection Challenge has


def people(identity: str) -> list[str]:
    """Return the names in a cell of an index."""
    return [name for name in identity.split(TIE) if name]


def tied(identities: Iterable[str]) -> dict[str, str]:
    """Return the identity of each person: the least name among all who are tied to them, directly or not.

    Connected components by union-find (Tarjan, Journal of the ACM 22, 1975).
    """
    above: dict[str, str] = {}

    def root(name: str) -> str:
        above.setdefault(name, name)
        while above[name] != name:
            above[name] = above[above[name]]
            name = above[name]
        return name

    for identity in identities:
        roots = [root(name) for name in people(identity)]
        for other in roots:
            first, second = sorted((root(roots[0]), root(other)))
            above[second] = first
    return {name: root(name) for name in list(above)}


def part_of(identity: str) -> int:
    """Return one of 50 parts for an identity, the same one in every data set; -1 for nobody known."""
    return zlib.crc32(identity.encode()) % PARTS if identity else -1


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
