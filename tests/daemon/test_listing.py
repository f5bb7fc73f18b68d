"""Folders to files that are ready."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from watchdog.events import FileMovedEvent
from watchdog.observers.inotify import InotifyEmitter, InotifyObserver

from forensics.cli.scan import gather
from forensics.daemon import listing, watcher
from forensics.store.jobs import SeenFile

from .watching import is_named


def names(folder: Path) -> set[str]:
    return {os.path.relpath(file.path, folder) for file in listing.listing([folder])}


def test_listing_finds_files_at_every_depth_once(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "one.mp4").write_bytes(b"1")
    (tmp_path / "a" / "b" / "two.mp4").write_bytes(b"22")
    found = list(listing.listing([tmp_path, tmp_path / "a", tmp_path]))
    assert sorted(file.size_bytes for file in found) == [1, 2]


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.mp4",
        ".stfolder/clip.mp4",
        "@eaDir/clip.mp4",
        "._clip.mp4",
        "Thumbs.db",
        "clip.mp4.part",
        "clip.mp4.crdownload",
    ],
)
def test_other_programs_files_are_ignored(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    assert names(tmp_path) == set()


def test_link_loops_links_and_pipes_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "link.mp4").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "clip.mp4").write_bytes(b"x")
    assert names(tmp_path) == {"clip.mp4"}


def test_names_that_are_not_utf8_are_listed(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.mp4"
    Path(os.fsdecode(raw)).write_bytes(b"x")
    assert [os.fsencode(file.path) for file in listing.listing([tmp_path])] == [raw]


def test_folder_that_vanished_is_passed_over(tmp_path: Path) -> None:
    assert list(listing.listing([tmp_path / "gone"])) == []


def test_scan_says_that_a_folder_is_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in\x1b[2J"
    folder.mkdir()
    assert gather([folder]) == ([], [])
    assert capsys.readouterr().err == f"no files found in {tmp_path}/in\\x1b[2J\n"


class BreaksOff:
    """A folder's entries that end in an error, as those of a network folder can."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __enter__(self) -> Iterator["os.DirEntry[str]"]:
        yield from os.scandir(f"{self.folder}/")
        raise OSError(errno.ESTALE, "Stale file handle")

    def __exit__(self, *args: object) -> None:
        pass


def test_folder_that_breaks_off_is_named_and_the_rest_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("good", "stale"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "clip.mp4").write_bytes(b"x")
    scandir = os.scandir
    broken = str(tmp_path / "stale")
    monkeypatch.setattr(os, "scandir", lambda p: BreaksOff(p) if p == broken else scandir(p))
    told: list[tuple[Path, str]] = []
    found = list(listing.listing([tmp_path], lambda *what: told.append(what)))
    assert len(found) == 2
    assert told == [(tmp_path / "stale", "Stale file handle")]


def seen(path: str, size: int = 1, mtime_ns: int = 1) -> SeenFile:
    return SeenFile(path, size, mtime_ns, 7)


def test_file_settles_once_it_has_not_changed_for_the_settle_time() -> None:
    settling = listing.Settling(2.0)
    assert settling.settled([seen("a")], 0.0) == []
    assert settling.settled([seen("a")], 1.9) == []
    assert settling.settled([seen("a")], 2.0) == [seen("a")]
    assert settling.waiting == 0


@pytest.mark.parametrize("changed", [seen("a", size=2), seen("a", mtime_ns=2)])
def test_change_starts_the_settle_time_again(changed: SeenFile) -> None:
    settling = listing.Settling(2.0)
    settling.settled([seen("a")], 0.0)
    assert settling.settled([changed], 1.5) == []
    assert settling.settled([changed], 3.0) == []
    assert settling.settled([changed], 3.5) == [changed]


def test_file_that_vanished_while_settling_is_forgotten() -> None:
    settling = listing.Settling(2.0)
    settling.settled([seen("a"), seen("b"), seen("c")], 0.0)
    settling.keep({"b", "c"})
    settling.forget(["c"])
    assert settling.waiting == 1
    assert settling.settled([seen("a"), seen("b")], 2.5) == [seen("b")]


def test_settling_names_the_files_to_look_at_again() -> None:
    settling = listing.Settling(2.0)
    assert settling.due(0.0) == []
    settling.settled([seen("a")], 0.0)
    settling.settled([seen("b")], 1.0)
    settling.settled([seen("c")], 1.5)
    settling.settled([seen("a", size=9)], 1.8)
    assert settling.due(3.0) == ["b"]
    assert settling.due(4.0) == ["b", "c", "a"]


def test_look_finds_what_a_listing_finds(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "in.mp4").write_bytes(b"x")
    (tmp_path / "one.mp4").write_bytes(b"x")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "one.mp4")
    paths = [str(tmp_path / name) for name in ("folder", "one.mp4", "link.mp4", "gone.mp4")]
    assert set(listing.look(paths)) == set(listing.listing([tmp_path]))


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        pytest.param("/mnt/share/inbox", "nfs4", id="network"),
        pytest.param("/mnt/share two/x", "cifs", id="escaped-space"),
        pytest.param("/mnt/日本/x", "fuse", id="not-latin-1"),
        pytest.param(os.fsdecode(b"/mnt/\xff/x"), "9p", id="not-utf-8"),
        pytest.param("/home/me", "ext4", id="local"),
    ],
)
def test_file_system_is_that_of_the_innermost_mount(tmp_path: Path, folder: str, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_bytes(
        b"/dev/a / ext4 rw 0 0\nserver:/x /mnt/share nfs4 rw 0 0\n//s/y /mnt/share\\040two cifs rw 0 0\n"
        b"/dev/c /mnt/\xe6\x97\xa5\xe6\x9c\xac fuse rw 0 0\n/dev/d /mnt/\xff 9p rw 0 0\n"
    )
    assert watcher.file_system(Path(folder), mounts) == kind


def test_event_names_its_path_once(tmp_path: Path) -> None:
    found = watcher.Watcher([tmp_path], "events")
    try:
        (tmp_path / "a").write_bytes(b"x")
        assert is_named(found, str(tmp_path / "a"))
        found.close()
        found.take()
        assert found.take() == frozenset()
    finally:
        found.close()


def test_renamed_file_is_named_where_it_is_now() -> None:
    waker = watcher.Waker()
    waker.on_any_event(FileMovedEvent("/out/a", "/in/a"))
    assert waker.take() == {"/in/a"}


def test_network_folder_is_polled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "file_system", lambda folder: "nfs4")
    found = watcher.Watcher([tmp_path], "auto")
    found.close()
    assert found.polls


@pytest.mark.parametrize("limit", sorted(watcher.LIMITS))
def test_reached_limit_of_the_kernel_means_polling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    def refuse(emitter: InotifyEmitter) -> None:
        raise OSError(limit, os.strerror(limit))

    monkeypatch.setattr(InotifyEmitter, "on_thread_start", refuse)
    found = watcher.Watcher([tmp_path], "events")
    found.close()
    assert found.polls


@pytest.mark.parametrize("moment", ["__init__", "on_thread_start"])
def test_observer_that_cannot_start_means_polling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    broken = type("Broken", (InotifyObserver,), {moment: refuse})
    monkeypatch.setattr(watcher, "Observer", broken)
    found = watcher.Watcher([tmp_path], "events")
    found.close()
    assert found.polls
