"""TOML files as tables, and values as TOML knows them."""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Any

from .problems import Problem


def load(path: Path, error: type[Exception], schema: int | None = None) -> dict[str, Any]:
    """Read a TOML file; raises `error` when it can't be read, or when its key `schema` is not the one given."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as cause:
        raise error(f"{path}: can't be read: {cause}") from cause
    if schema is not None and (written := values.pop("schema", None)) != schema:
        text = "is missing" if written is None else f"is {written!r}, this program reads {schema}"
        raise error(f"{path}: {Problem((), 'schema', text)}")
    return values


def toml_value(value: Any) -> Any:
    """Return a value as TOML knows it: enumerations as text, tuples as lists, None left out."""
    if isinstance(value, dict):
        return {key: toml_value(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [toml_value(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value
