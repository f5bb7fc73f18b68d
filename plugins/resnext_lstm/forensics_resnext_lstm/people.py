"""Who is tied to whom: people who share a manipulated video are one identity, and an identity is never divided."""

import zlib
from collections.abc import Iterable

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
