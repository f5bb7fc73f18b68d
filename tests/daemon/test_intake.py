"""From a file's first sight to the queue: what is counted, what is gone, what is only away."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from forensics.daemon import folders as folders_module
from forensics.daemon import watcher
from forensics.daemon.folders import Folders
from forensics.daemon.intake import Arrivals
from forensics.errors import UnreachableError
from forensics.store import jobs, queries
from forensics.store.database import reading

from .watching import is_named

SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def arrivals(engine: Engine, *watched: Path, settle_s: float = 0.0) -> Arrivals:
    return Arrivals(engine, settle_s, Folders(watched), lambda: None)


def current(engine: Engine) -> set[str]:
    with reading(engine) as session:
        return {Path(file.path).name for file in jobs.known_files(session)}


def write(*paths: Path) -> None:
    for path in paths:
        path.write_bytes(os.fsencode(path.name))


def test_file_that_no_event_named_is_counted(engine: Engine, tmp_path: Path) -> None:
    found = arrivals(engine, tmp_path)
    write(tmp_path / "first")
    found.list_all(0.0, has_events=True)
    assert found.counts.by_rescan == 0
    write(tmp_path / "named", tmp_path / "missed")
    assert found.look_at([str(tmp_path / "named")], 1.0) == 1
    assert found.list_all(2.0, has_events=True) == 1
    assert (found.counts.queued, found.counts.by_rescan) == (3, 1)


@SQLITE
def test_file_named_while_it_settles_is_not_counted(engine: Engine, tmp_path: Path) -> None:
    found = arrivals(engine, tmp_path, settle_s=2.0)
    found.list_all(0.0, has_events=True)
    write(tmp_path / "late", tmp_path / "missed")
    found.list_all(1.0, has_events=True)
    found.look_at([str(tmp_path / "late")], 1.5)
    assert found.settle(2.9) == 0
    assert found.settle(3.0) == 2
    assert (found.counts.by_rescan, found.waiting) == (1, 0)


@SQLITE
def test_where_there_are_no_events_nothing_is_counted(engine: Engine, tmp_path: Path) -> None:
    found = arrivals(engine, tmp_path)
    found.list_all(0.0, has_events=False)
    write(tmp_path / "a")
    found.list_all(1.0, has_events=False)
    assert (found.counts.queued, found.counts.by_rescan) == (1, 0)


@SQLITE
def test_file_that_changes_or_goes_while_it_settles_waits_or_is_dropped(
    engine: Engine, tmp_path: Path
) -> None:
    found = arrivals(engine, tmp_path, settle_s=2.0)
    write(tmp_path / "grows", tmp_path / "goes")
    found.list_all(0.0, has_events=True)
    (tmp_path / "grows").write_bytes(b"much more than before")
    (tmp_path / "goes").unlink()
    assert found.settle(2.0) == 0
    assert found.waiting == 1
    assert found.settle(4.0) == 1


def test_file_that_is_gone_is_no_longer_current_and_known_when_back(
    engine: Engine, tmp_path: Path
) -> None:
    found = arrivals(engine, tmp_path)
    write(tmp_path / "stays", tmp_path / "goes")
    found.list_all(0.0, has_events=True)
    (tmp_path / "goes").rename(tmp_path.parent / "goes")
    found.list_all(1.0, has_events=True)
    assert (current(engine), found.counts.gone) == ({"stays"}, 1)
    (tmp_path.parent / "goes").rename(tmp_path / "goes")
    found.list_all(2.0, has_events=True)
    assert current(engine) == {"stays", "goes"}
    with reading(engine) as session:
        assert len(queries.job_list(session, None, 100)) == 2


@SQLITE
def test_file_that_became_a_link_is_gone(engine: Engine, tmp_path: Path) -> None:
    found = arrivals(engine, tmp_path)
    write(tmp_path / "stays", tmp_path / "goes")
    found.list_all(0.0, has_events=True)
    (tmp_path / "goes").unlink()
    (tmp_path / "goes").symlink_to(tmp_path / "stays")
    found.list_all(1.0, has_events=True)
    assert (current(engine), found.counts.gone) == ({"stays"}, 1)


@SQLITE
def test_files_of_a_folder_that_is_away_are_not_gone(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="forensics")
    for name in ("share", "disk"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / f"{name}.mp4")
    found = arrivals(engine, tmp_path / "share", tmp_path / "disk")
    found.list_all(0.0, has_events=True)
    (tmp_path / "share").rename(tmp_path / "elsewhere")
    (tmp_path / "disk" / "disk.mp4").unlink()
    for now in (1.0, 2.0):
        found.list_all(now, has_events=True)
    assert current(engine) == {"share.mp4"}
    (tmp_path / "elsewhere").rename(tmp_path / "share")
    found.list_all(3.0, has_events=True)
    told = [record.getMessage() for record in caplog.records]
    assert told.count("folder is away; its files are waited for") == 1
    assert "folder is back" in told


@SQLITE
def test_files_that_the_database_did_not_take_are_queued_later(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = arrivals(engine, tmp_path)
    found.list_all(0.0, has_events=True)
    write(tmp_path / "a")

    def refuse(*_: Any, **__: Any) -> Any:
        raise UnreachableError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "sight", refuse)
        with pytest.raises(UnreachableError):
            found.look_at([str(tmp_path / "a")], 1.0)
    assert found.waiting == 1
    assert found.settle(1.1) == 1
    assert current(engine) == {"a"}


@SQLITE
def test_known_files_are_told_from_new_ones_without_being_opened(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(*(tmp_path / str(number) for number in range(600)))
    found = arrivals(engine, tmp_path)
    found.list_all(0.0, has_events=True)

    def refuse(*_: object, **__: object) -> int:
        raise AssertionError("a known file was opened")

    monkeypatch.setattr(os, "open", refuse)
    assert found.list_all(1.0, has_events=True) == 0


@pytest.mark.parametrize(
    ("name", "is_held"),
    [
        pytest.param("a.mp4", True, id="file"),
        pytest.param("folder/a.mp4", True, id="below"),
        pytest.param("", True, id="the-folder"),
        pytest.param("link/a.mp4", False, id="behind-a-link"),
        pytest.param(".hidden/a.mp4", False, id="hidden"),
        pytest.param("a.part", False, id="half-downloaded"),
        pytest.param("../a.mp4", False, id="outside"),
    ],
)
def test_path_is_looked_at_where_a_listing_would_meet_it(
    tmp_path: Path, name: str, is_held: bool
) -> None:
    root = tmp_path / ".home" / "inbox"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "way").symlink_to(tmp_path / ".home")
    watched = Folders([tmp_path / "way" / "inbox"])
    assert watched.is_listed(os.path.normpath(tmp_path / "way" / "inbox" / name)) is is_held


def test_file_is_away_with_its_folder_and_gone_without_it(tmp_path: Path) -> None:
    (tmp_path / "in" / "below").mkdir(parents=True)
    watched = Folders([tmp_path / "in"])
    path = str(tmp_path / "in" / "below" / "deep" / "a.mp4")
    assert not watched.is_away(path)
    (tmp_path / "in").rename(tmp_path / "away")
    assert watched.is_away(path)
    assert not watched.is_away(str(tmp_path / "other" / "a.mp4"))


def test_folder_whose_mount_is_gone_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted = {tmp_path}
    monkeypatch.setattr(folders_module, "is_mounted", lambda folder: folder in mounted)
    watched = Folders([tmp_path])
    assert watched.there() == [tmp_path]
    mounted.clear()
    assert watched.there() == []
    assert watched.is_away(str(tmp_path / "a.mp4"))


def test_folder_that_cannot_be_read_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir: Callable[..., Any] = os.scandir

    def refuse(folder: Any) -> Any:
        if Path(folder).name == "closed":
            raise OSError(errno.EACCES, "Permission denied")
        return scandir(folder)

    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(os, "scandir", refuse)
    watched = Folders([tmp_path])
    assert watched.is_away(str(tmp_path / "closed" / "a.mp4"))
    assert not watched.is_away(str(tmp_path / "a.mp4"))


def test_folder_that_went_and_came_back_is_watched_anew(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    found = watcher.Watcher([tmp_path / "in"], "events")
    try:
        (tmp_path / "in").rmdir()
        (tmp_path / "in").mkdir()
        found.renew()
        (tmp_path / "in" / "a.mp4").write_text("a")
        assert is_named(found, str(tmp_path / "in" / "a.mp4"))
    finally:
        found.close()
