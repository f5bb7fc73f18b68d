"""Folders to files that are ready."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from forensics import intake, watcher
from forensics.store.jobs import SeenFile


def names(folder: Path) -> set[str]:
    return {os.path.relpath(file.path, folder) for file in intake.listing([folder])}


def test_listing_finds_files_at_every_depth_once(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "one.mp4").write_bytes(b"1")
    (tmp_path / "a" / "b" / "two.mp4").write_bytes(b"22")
    found = list(intake.listing([tmp_path, tmp_path / "a", tmp_path]))
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
    assert [os.fsencode(file.path) for file in intake.listing([tmp_path])] == [raw]


def test_folder_that_vanished_is_passed_over(tmp_path: Path) -> None:
    assert list(intake.listing([tmp_path / "gone"])) == []


AS_NOBODY = """
import logging, os, sys
from pathlib import Path
from forensics.intake import listing
logging.basicConfig(format="%(message)s %(folder)s")
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
print([Path(file.path).name for file in listing([Path(sys.argv[1])])])
"""


def test_folder_without_rights_is_named_and_the_rest_is_listed(tmp_path: Path) -> None:
    (tmp_path / "open.mp4").write_bytes(b"x")
    (tmp_path / "closed").mkdir(mode=0)
    for above in (tmp_path, *tmp_path.parents[:3]):
        if above.name.startswith(("test_", "pytest-")):
            above.chmod(0o755)
    child = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert child.stdout == "['open.mp4']\n"
    assert child.stderr == f"folder can't be listed {tmp_path / 'closed'}\n"


def seen(path: str, size: int = 1, mtime_ns: int = 1) -> SeenFile:
    return SeenFile(path, size, mtime_ns, 7)


def test_file_settles_once_it_has_not_changed_for_the_settle_time() -> None:
    settling = intake.Settling(2.0)
    assert settling.settled([seen("a")], 0.0) == []
    assert settling.settled([seen("a")], 1.9) == []
    assert settling.settled([seen("a")], 2.0) == [seen("a")]
    assert settling.waiting == 0


@pytest.mark.parametrize("changed", [seen("a", size=2), seen("a", mtime_ns=2)])
def test_change_starts_the_settle_time_again(changed: SeenFile) -> None:
    settling = intake.Settling(2.0)
    settling.settled([seen("a")], 0.0)
    assert settling.settled([changed], 1.5) == []
    assert settling.settled([changed], 3.0) == []
    assert settling.settled([changed], 3.5) == [changed]


def test_file_that_vanished_while_settling_is_forgotten() -> None:
    settling = intake.Settling(2.0)
    settling.settled([seen("a")], 0.0)
    assert settling.settled([], 1.0) == []
    assert settling.settled([seen("a")], 2.5) == []


def test_settling_says_when_to_look_again() -> None:
    settling = intake.Settling(2.0)
    assert settling.next_due(0.0) is None
    settling.settled([seen("a")], 0.0)
    settling.settled([seen("a"), seen("b")], 1.0)
    assert settling.next_due(1.5) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        pytest.param("/mnt/share/inbox", "nfs4", id="network"),
        pytest.param("/mnt/share two/x", "cifs", id="escaped-space"),
        pytest.param("/home/me", "ext4", id="local"),
    ],
)
def test_file_system_is_that_of_the_innermost_mount(tmp_path: Path, folder: str, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/a / ext4 rw 0 0\nserver:/x /mnt/share nfs4 rw 0 0\n//s/y /mnt/share\\040two cifs rw 0 0\n"
    )
    assert watcher.file_system(Path(folder), mounts) == kind


def test_event_wakes_the_watcher_once(tmp_path: Path) -> None:
    found = watcher.Watcher([tmp_path], "events")
    try:
        (tmp_path / "a").write_bytes(b"x")
        assert found._waker.woken.wait(10)
        assert found.take()
    finally:
        found.close()


def test_network_folder_is_polled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "file_system", lambda folder: "nfs4")
    found = watcher.Watcher([tmp_path], "auto")
    found.close()
    assert found.polls
