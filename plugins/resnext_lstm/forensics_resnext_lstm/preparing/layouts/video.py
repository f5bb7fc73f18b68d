"""One video of a data set, before its faces are looked for."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ...data.identity import part_of, people, tied


@dataclass(frozen=True)
class Video:
    """A file and what its data set says about it. `name` is its path inside the set, and unique.

    `original` is the source video, which a fake shares with its real partner. `identity` names the people with `+`
    between them, `part` is the group of people (-1: unknown), `split` the collection's own: train, val, test or empty.
    """

    name: str
    path: Path
    fake: bool
    original: str
    dataset: str
    method: str = ""
    identity: str = ""
    part: int = -1
    split: str = ""

    @property
    def label(self) -> str:
        """The truth as a word."""
        return "fake" if self.fake else "real"


def parted(videos: Iterable[Video], ties: Iterable[str] = ()) -> list[Video]:
    """Return the videos, those without a part in one of their people's; all who are tied have the same part.

    `ties` are identities beside those of the videos themselves.
    """
    rows = list(videos)
    identity_of = tied([*(video.identity for video in rows), *ties])
    parts = {name: part_of(identity) for name, identity in identity_of.items()}
    return [
        replace(video, part=parts[people(video.identity)[0]])
        if video.part < 0 and people(video.identity)
        else video
        for video in rows
    ]
