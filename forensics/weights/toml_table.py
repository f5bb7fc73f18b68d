"""Typed values out of a TOML table, with errors that name the file, the place and the key; and back."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

from ..errors import WeightsError

T = TypeVar("T")
M = TypeVar("M", bound=StrEnum)
KIND_WORDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


class Fields:
    """Takes values of known types out of one table; what is wrong is named by file, place and key."""

    def __init__(self, path: Path, place: str, values: Mapping[str, Any]) -> None:
        self.path, self.place, self.values = path, place, dict(values)

    def error(self, key: str, text: str) -> WeightsError:
        """Return the error that says what is wrong with a key."""
        return WeightsError(f"{self.path}: {self.place}key {key!r} {text}")

    def take(self, key: str, kind: type[T]) -> T:
        """Return the value of a key that must be there. A whole number passes for a number, infinity does not."""
        if key not in self.values:
            raise self.error(key, "is missing")
        value = self.values.pop(key)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind or (isinstance(value, float) and not isfinite(value)):
            raise self.error(key, f"is {value!r}, not {KIND_WORDS[kind]}")
        return value

    def count(self, key: str, least: int = 1) -> int:
        """Return a whole number of at least `least`."""
        value = self.take(key, int)
        if value < least:
            raise self.error(key, f"is {value}, must be at least {least}")
        return value

    def day(self, key: str) -> str:
        """Return a date as text, YYYY-MM-DD."""
        value = self.take(key, str)
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError as error:
            raise self.error(key, f"is {value!r}, not a date as YYYY-MM-DD") from error

    def member(self, key: str, value: str, kind: type[M]) -> M:
        """Turn a text that was taken from `key` into a member of an enumeration."""
        try:
            return kind(value)
        except ValueError as error:
            raise self.error(key, f"is {value!r}, choose from {', '.join(kind)}") from error

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        values = self.take(key, list)
        if not all(isinstance(value, str) for value in values):
            raise self.error(key, f"is {values!r}, not a list of texts")
        return tuple(values)

    def optional(self, key: str) -> "Fields | None":
        """Return a table that may be absent."""
        return self.table(key) if key in self.values else None

    def table(self, key: str) -> "Fields":
        """Return a table that must be there."""
        return Fields(self.path, f"{self.place}{key}: ", self.take(key, dict))

    def tables(self, key: str) -> "list[Fields]":
        """Return the tables of a list that may be absent."""
        values = self.take(key, list) if key in self.values else []
        if not all(isinstance(value, dict) for value in values):
            raise self.error(key, "must be a list of tables")
        return [Fields(self.path, f"{self.place}{key}: ", value) for value in values]

    def finish(self) -> None:
        """Refuse keys that nobody took."""
        for key in sorted(self.values):
            raise self.error(key, "is not known here")


def toml_value(value: Any) -> Any:
    """Return a value as TOML knows it: enumerations as text, tuples as lists, None left out."""
    if isinstance(value, dict):
        return {key: toml_value(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [toml_value(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value
