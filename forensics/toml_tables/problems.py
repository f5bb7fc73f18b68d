"""What is wrong with a table, key by key."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cattrs.errors import ClassValidationError, IterableValidationError

    GroupError = ClassValidationError | IterableValidationError


class SlipError(ValueError):
    """What is wrong with a value; with `key`, the key of the table that it is about."""

    def __init__(self, text: str, key: str = "") -> None:
        super().__init__(text)
        self.key = key


@dataclass(frozen=True)
class Problem:
    """What is wrong with one key: `place` leads to its table, table by table; empty at the top."""

    place: tuple[str, ...]
    key: str
    text: str

    def __str__(self) -> str:
        return "".join(f"{part}: " for part in self.place) + f"key {self.key!r} {self.text}"


def list_problems(error: "GroupError", values: Any, place: tuple[str, ...]) -> Iterator[Problem]:
    """Yield what is wrong with a table or list, and with those inside it."""
    from cattrs.errors import (
        AttributeValidationNote,
        ClassValidationError,
        ForbiddenExtraKeysError,
        IterableValidationError,
    )

    slips, others = error.group_exceptions()
    for slip, note in slips:
        key = note.name if isinstance(note, AttributeValidationNote) else note.index
        if isinstance(slip, ClassValidationError | IterableValidationError):
            yield from list_problems(slip, values[key], place_of(values[key], key, place))
        else:
            yield Problem(place, str(key), describe_slip(slip))
    for other in others:
        if isinstance(other, ForbiddenExtraKeysError):
            known = ", ".join(item.name for item in fields(other.cl) if item.type is not Path)
            for key in sorted(other.extra_fields):
                yield Problem(place, key, f"is not known here; known: {known}")
        else:
            yield Problem(place, getattr(other, "key", ""), describe_slip(other))


def place_of(value: Any, key: str | int, place: tuple[str, ...]) -> tuple[str, ...]:
    """Return the place of what stands under a key; a table of a list is called by its name, or else by its number."""
    if isinstance(key, str):
        return (*place, key)
    label = value.get("name", key + 1) if isinstance(value, dict) else key + 1
    return (*place[:-1], f"{place[-1]} {label!r}")


def describe_slip(slip: Exception) -> str:
    """Say what is wrong with one key; raises what is a mistake of the program."""
    if isinstance(slip, KeyError):
        return "is missing"
    if isinstance(slip, ValueError):
        return str(slip)
    raise slip
