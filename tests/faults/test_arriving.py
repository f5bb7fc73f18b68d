"""Files arrive in every way there is, and each ends with one verdict or one failure."""

import ctypes
import shutil
import signal
from pathlib import Path

import pytest

from ..distributions import write_order
from .site import Site

pytestmark = pytest.mark.slow
DROP_FROM_BOUNDING_SET, DAC_OVERRIDE, DAC_READ_SEARCH = 24, 1, 2
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@SQLITE
def test_burst_of_ten_thousand_while_the_daemon_is_stopped(site: Site) -> None:
    daemon = site.start()
    write_order(site.inbox / "first.png", number=1)
    site.wait_until_ended(1)
    daemon.send_signal(signal.SIGSTOP)
    for number in range(2, 502):
        path = write_order(site.inbox / f"{number}.png", number=number)
        for copy in range(10):
            shutil.copyfile(path, site.inbox / f"{number}-copy-{copy}.png")
            (site.inbox / f"{number}-link-{copy}.png").hardlink_to(path)
    daemon.send_signal(signal.SIGCONT)
    site.wait_until_ended(1 + 500 * 21, 400)
    site.stop()
    site.reckon()
    assert site.states() == {"done": 10_501}


def test_files_moved_renamed_rewritten_linked_and_copied(site: Site) -> None:
    site.start()
    whole = site.home / "whole" / "deep"
    whole.mkdir(parents=True)
    for number in range(20):
        write_order(whole / f"{number}.png", number=number)
    whole.parent.rename(site.inbox / "moved-in")
    write_order(site.home / "staged.png", number=100).rename(site.inbox / "renamed.png")
    original = write_order(site.inbox / "original.png", number=101)
    (site.inbox / "hard-link.png").hardlink_to(original)
    same = write_order(site.home / "same.png", number=102)
    for number in range(50):
        shutil.copyfile(same, site.inbox / f"name-{number}.png")
    rewritten = write_order(site.inbox / "rewritten.png", number=103)
    site.wait_until_ended(74)
    write_order(rewritten, number=104)
    site.wait_until_ended(75)
    site.stop()
    site.reckon()
    assert set(site.outcomes().values()) == {"inconclusive"}
    assert len(site.outcomes()) == 74


@SQLITE
def test_link_that_leaves_the_folder_is_not_followed(site: Site, tmp_path: Path) -> None:
    site.start()
    (tmp_path / "secret").mkdir()
    write_order(tmp_path / "secret" / "a.png")
    (site.inbox / "folder").symlink_to(tmp_path / "secret")
    (site.inbox / "file.png").symlink_to(tmp_path / "secret" / "a.png")
    write_order(site.inbox / "own.png", number=1)
    site.wait_until_ended(1)
    site.stop()
    site.reckon()
    assert site.outcomes() == {"own.png": "inconclusive"}


def test_file_that_is_removed_is_no_longer_current(site: Site) -> None:
    site.start()
    paths = [write_order(site.inbox / f"{number}.png", number=number) for number in range(3)]
    site.wait_until_ended(3)
    paths[0].unlink()
    site.wait_for(lambda: len(site.outcomes()) == 2)
    site.stop()
    site.reckon()


@SQLITE
def test_file_that_grows_while_it_is_read(site: Site) -> None:
    site.environment["FORENSICS_SETTLE_S"] = "0"
    site.start()
    path = write_order(site.inbox / "a.png", "hang:1.5")
    site.wait_for(lambda: "running" in site.states())
    with path.open("ab") as file:
        file.write(b"more")
    site.wait_for(lambda: len(site.outcomes()) == 1 and not site.states()["running"])
    site.wait_for(lambda: not site.states()["queued"])
    site.stop()
    site.reckon()
    assert site.outcomes() == {"a.png": "inconclusive"}


@SQLITE
def test_folder_that_goes_away_costs_nothing_and_is_resumed(site: Site) -> None:
    site.environment["FORENSICS_WORKERS"] = "1"
    for number in range(12):
        write_order(site.inbox / f"{number}.png", "hang:0.3", number)
    site.start()
    site.wait_until_ended(2)
    site.inbox.rename(site.home / "away")
    site.wait_for(lambda: "folder is away" in site.log)
    site.wait_for(lambda: not site.states()["running"])
    assert set(site.states()) == {"done", "queued"}
    (site.home / "away").rename(site.inbox)
    site.wait_until_ended(12)
    site.stop()
    site.reckon()
    assert site.log.count("folder is away") == 1
    assert site.states() == {"done": 12}


@SQLITE
def test_folder_made_unreadable_and_back(site: Site) -> None:
    folder = site.inbox / "closed"
    folder.mkdir()
    for number in range(8):
        write_order(folder / f"{number}.png", "hang:0.3", number)
    site.environment["FORENSICS_WORKERS"] = "1"
    site.start(preexec_fn=be_bound_by_rights)
    site.wait_until_ended(2)
    folder.chmod(0)
    site.wait_for(lambda: "folder can't be listed" in site.log)
    site.wait_for(lambda: not site.states()["running"])
    assert set(site.states()) == {"done", "queued"}
    folder.chmod(0o755)
    site.wait_until_ended(8)
    site.stop()
    site.reckon()
    assert site.states() == {"done": 8}


def be_bound_by_rights() -> None:
    """Let the program that is started next heed the rights of files even when it is root's (capabilities(7))."""
    libc = ctypes.CDLL(None)
    for capability in (DAC_OVERRIDE, DAC_READ_SEARCH):
        libc.prctl(DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)
