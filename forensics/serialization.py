"""Records as JSON values, for the database, the command line and other processes; and back."""

import hashlib
import math
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from .records import Artifact

if TYPE_CHECKING:
    from cattrs.preconf.json import JsonConverter


def plain(value: Any) -> Any:
    """Return a record as JSON values: dictionaries, lists, text, numbers, true, false, null.

    An Artifact gives the hash and size of its bytes in their place. A number that is not finite becomes null, and
    half a character (from a file name that is not UTF-8) an escape: neither can be stored in every database.
    """
    kind: Any = type(value)
    if kind in SCALARS:  # most values; a verdict has some hundred
        return plain_scalar(value)
    if isinstance(value, Artifact):
        return plain_artifact(value)
    if is_dataclass(value):
        return {name: plain(getattr(value, name)) for name in names(kind)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | Set):
        return [plain(item) for item in (sorted(value) if isinstance(value, Set) else value)]
    return plain_scalar(value)


SCALARS = frozenset({str, int, float, bool, type(None)})


@cache
def names(kind: type[Any]) -> tuple[str, ...]:
    """Return the names of a record's fields."""
    return tuple(item.name for item in fields(kind))


def plain_artifact(artifact: Artifact) -> dict[str, Any]:
    """Return what is kept of an artifact in a verdict."""
    return {
        "name": plain(artifact.name),
        "media_type": plain(artifact.media_type),
        "sha256": hashlib.sha256(artifact.data).hexdigest(),
        "bytes": len(artifact.data),
    }


def plain_scalar(value: Any) -> Any:
    """Return one value as JSON knows it; numbers of numpy as well. Raises TypeError for any other kind."""
    if isinstance(value, Enum):
        return plain_scalar(value.value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if type(value) is str and value.isascii() and "\0" not in value:
            return value
        return value.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


@cache
def converter() -> "JsonConverter":
    """Return the converter between frozen values and JSON, both ways."""
    from cattrs.preconf.json import make_converter  # what only prints JSON does not wait for it

    return make_converter()
