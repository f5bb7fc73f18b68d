"""What a verification reports."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...serialization import plain


class ProblemKind(StrEnum):
    """What became of something since it was recorded."""

    EDITED = "edited"
    REMOVED = "removed"
    HEAD = "head"
    CHANGED = "changed"
    MISSING = "missing"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was recorded: of the chain (the first three kinds), or of a media file.

    `place` names it for people; `path` is as it can be shown, `sha256` the hash recorded for the file.
    """

    kind: ProblemKind
    place: str
    message: str
    entry: int | None = None
    verdict_id: int | None = None
    path: str | None = None
    sha256: str | None = None

    def __str__(self) -> str:
        """Return it as a line for people."""
        return f"{self.place}: {self.message}"

    def plain(self) -> dict[str, Any]:
        """Return it as JSON values."""
        values: dict[str, Any] = plain(self)
        return values
