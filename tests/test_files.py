"""Files that are written whole or not at all, for whoever may read them."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from forensics import files


def test_file_is_there_whole_with_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    files.write_whole(path, b"one", mode=0o600, sync=True)
    files.write_whole(path, b"another", mode=0o600, sync=True)
    assert path.read_bytes() == b"another"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_rights_are_those_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        files.write_whole(tmp_path / "shared", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o640


def write_half(path: Path) -> None:
    with files.whole(path) as half:
        half.write_bytes(b"ne")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="No space"):
        write_half(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"bytes")
    assert files.sha256_of(path) == hashlib.sha256(b"bytes").hexdigest()
