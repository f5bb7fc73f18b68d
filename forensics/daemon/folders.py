"""The watched folders: which are there just now. A share that is gone is waited for; its files have not vanished."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from .listing import is_ignored, outermost

log = logging.getLogger(__name__)


class Folders:
    """Watched folders. One that can't be listed, or whose mount has gone, is away; said once when it goes and comes.

    `comings` counts how often one came back.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self.roots = outermost(folders)
        self._mounted = {root for root in self.roots if is_mounted(root)}
        self._away: set[Path] = set()
        self.comings = 0

    def there(self) -> list[Path]:
        """Return the folders that are there."""
        present = [root for root in self.roots if not self._is_root_away(root)]
        away = set(self.roots) - set(present)
        for root in away - self._away:
            log.warning("folder is away; its files are waited for", extra={"folder": root})
        for root in self._away - away:
            log.info("folder is back", extra={"folder": root})
        self.comings += len(self._away - away)
        self._away = away
        self._mounted |= {root for root in present if is_mounted(root)}
        return present

    def _is_root_away(self, root: Path) -> bool:
        return not is_listable(root) or (root in self._mounted and not is_mounted(root))

    def is_away(self, path: str) -> bool:
        """Say whether a file can't be seen only because a folder above it can't.

        A folder below a watched one that is not there any more was removed, and its files with it.
        """
        root = self.root_of(path)
        if root is None:
            return False
        if self._is_root_away(root):
            return True
        folder = Path(path).parent
        while folder != root and not os.path.lexists(folder) and is_listable(folder.parent):
            folder = folder.parent
        return not is_listable(folder)

    def root_of(self, path: str) -> Path | None:
        """Return the watched folder that a path lies in."""
        return next((root for root in self.roots if Path(path).is_relative_to(root)), None)

    def is_listed(self, path: str) -> bool:
        """Say whether a listing of the watched folders could meet a path: it follows no link, and passes some names over."""
        root = self.root_of(path)
        if root is None:
            return False
        inside = Path(path).relative_to(root)
        if any(map(is_ignored, inside.parts)):
            return False
        way = os.path.normpath(os.path.realpath(root) + "/" + os.fspath(inside.parent))
        return os.path.realpath(Path(path).parent) == way if inside.parts else True


def is_listable(folder: Path) -> bool:
    """Say whether a folder can be read."""
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
    except OSError:
        return False
    return True


def is_mounted(folder: Path) -> bool:
    """Say whether a folder lies on another file system than the root folder."""
    try:
        return folder.stat().st_dev != Path("/").stat().st_dev
    except OSError:
        return False
