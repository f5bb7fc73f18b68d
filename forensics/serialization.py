"""Records as JSON values: `plain` for the database and the command line, `converter` to other processes and back."""

import hashlib
import math
from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from enum import Enum
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_origin

from .records import Artifact

if TYPE_CHECKING:
    from cattrs import Converter
    from cattrs.preconf.json import JsonConverter


def plain(value: Any) -> Any:
    """Return a record as it is stored and printed: dictionaries, lists, text, numbers, true, false, null.

    An Artifact gives the hash and size of its bytes in their place. A number that is not finite becomes null, and
    half a character (from a file name that is not UTF-8) an escape: neither can be stored in every database.
    Raises TypeError for what has no such form.
    """
    return storing_converter().unstructure(value)


@cache
def storing_converter() -> "Converter":
    """Return the converter that loses on purpose what a database can't hold. It only goes one way."""
    from cattrs import Converter

    made = Converter(
        unstruct_collection_overrides={Sequence: list, Set: sorted},
        unstructure_fallback_factory=lambda kind: plain_scalar,
    )
    for kind in (str, int, float, bytes, Path):  # the last two are refused
        made.register_unstructure_hook(kind, plain_scalar)
    made.register_unstructure_hook_func(
        is_mapping,
        lambda mapping: {str(plain(key)): plain(item) for key, item in mapping.items()},
    )
    made.register_unstructure_hook(Artifact, plain_artifact)
    return made


def is_mapping(kind: Any) -> bool:
    """Say whether a type is one of mappings."""
    origin = get_origin(kind) or kind
    return isinstance(origin, type) and issubclass(origin, Mapping)


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
