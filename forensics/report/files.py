"""Files for people, written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import files
from ..errors import ForensicsError
from ..escaping import shown


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; it takes the place of `path` at the end, and is removed if that fails.

    Raises ForensicsError where nothing can be written.
    """
    try:
        with files.whole(path) as half:
            yield half
    except OSError as error:
        if not is_about(error, path):
            raise
        why = error.strerror or str(error)
        raise ForensicsError(f"{shown(str(path))}: can't be written: {why}") from error


def is_about(error: OSError, path: Path) -> bool:
    """Say whether an error is about writing there, not about some other file that was read meanwhile."""
    return error.filename is None or Path(os.fsdecode(error.filename)).parent == path.parent
