"""Files arrive in every way there is, and each ends with one verdict or one failure."""

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from fcntl import F_SETLEASE, F_UNLCK, F_WRLCK, fcntl
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import select

from forensics.store.database import reading
from forensics.store.models import Media

from ..distributions import write_order
from .daemons import Site

pytestmark = pytest.mark.slow
DROP_FROM_BOUNDING_SET, DAC_OVERRIDE, DAC_READ_SEARCH = 24, 1, 2
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
EVENTS_KEPT = Path("/proc/sys/fs/inotify/max_queued_events")


@pytest.mark.parametrize(
    ("engine", "contents"),
    [pytest.param("sqlite", 500, id="sqlite"), pytest.param("postgresql", 20, id="postgresql")],
    indirect=["engine"],
)
def test_burst_of_ten_thousand_while_the_daemon_is_stopped(site: Site, contents: int) -> None:
    """On SQLite with more events than the kernel keeps, so that some files are found by the rescan only."""
    site.environment["FORENSICS_LOG_LEVEL"] = "info"
    daemon = site.start()
    write_order(site.inbox / "first.png", number=1)
    site.wait_until_ended(1)
    daemon.send_signal(signal.SIGSTOP)
    for number in range(2, contents + 2):
        path = write_order(site.inbox / f"{number}.png", number=number)
        for copy in range(10):
            shutil.copyfile(path, site.inbox / f"{number}-copy-{copy}.png")
            (site.inbox / f"{number}-link-{copy}.png").hardlink_to(path)
    daemon.send_signal(signal.SIGCONT)
    site.wait_until_ended(1 + contents * 21)
    site.stop()
    site.reckon()
    assert site.states() == {"done": 1 + contents * 21}
    if contents * 43 > 1.2 * int(EVENTS_KEPT.read_text()):  # events for 21 files: 11 x 3 and 10
        assert "found by rescan only" in site.log


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
def test_file_that_became_a_link_out_of_the_folder_is_not_hashed(site: Site) -> None:
    site.environment["FORENSICS_WORKERS"] = "1"
    secret = write_order(site.home / "secret.png", number=2)
    write_order(site.inbox / "first.png", site.held)
    site.start()
    site.wait_until_at_work()
    second = write_order(site.inbox / "second.png", number=1)
    site.wait_for(lambda: site.states()["queued"])
    second.unlink()
    second.symlink_to(secret)
    site.go.touch()
    site.wait_for(lambda: site.ended() == 2)
    site.stop()
    site.reckon()
    with reading(site.engine) as session:
        hashes = session.scalars(select(Media.sha256)).all()
    assert sha256(secret.read_bytes()).hexdigest() not in hashes
    assert site.outcomes() == {"first.png": "inconclusive"}


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


@pytest.fixture
def lock() -> Iterator[Callable[[Path], int]]:
    """Give a function that locks a file for readers too: a lease, the one lock that Linux enforces (fcntl(2))."""
    opened: list[int] = []
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # the kernel asks for it back so, for 45 s

    def locked(path: Path) -> int:
        opened.append(os.open(path, os.O_RDWR))
        try:
            fcntl(opened[-1], F_SETLEASE, F_WRLCK)
        except OSError as error:
            pytest.skip(f"no leases on files here: {error.strerror}")
        return opened[-1]

    yield locked
    for fd in opened:
        os.close(fd)
    signal.signal(signal.SIGIO, before)


def test_locked_file_is_tried_again_later_and_that_counts_as_nothing(
    site: Site, lock: Callable[[Path], int]
) -> None:
    site.start()
    fd = lock(write_order(site.home / "locked.png", number=1))
    (site.home / "locked.png").rename(site.inbox / "locked.png")
    write_order(site.inbox / "free.png", number=2)
    site.wait_for(lambda: site.log.count("error=busy") > 1)
    site.wait_until_ended(1)
    assert site.counts("locked.png") == (0, 0)
    fcntl(fd, F_SETLEASE, F_UNLCK)
    site.wait_until_ended(2)
    site.stop()
    site.reckon()
    assert site.states() == {"done": 2}


def test_file_whose_detector_meets_a_full_disk_is_tried_again_and_that_counts_as_nothing(
    site: Site,
) -> None:
    full = site.home / "full"
    full.touch()
    site.start()
    write_order(site.inbox / "large.png", f"full:{full}", 1)
    write_order(site.inbox / "small.png", number=2)
    site.wait_for(lambda: site.log.count("error=busy") > 1)
    site.wait_until_ended(1)
    assert site.counts("large.png") == (0, 0)
    full.unlink()
    site.wait_until_ended(2)
    site.stop()
    site.reckon()
    assert site.states() == {"done": 2}


def test_file_that_grows_while_it_is_read(site: Site) -> None:
    site.environment["FORENSICS_SETTLE_S"] = "0"
    site.start()
    path = write_order(site.inbox / "a.png", site.held)
    site.wait_until_at_work()
    with path.open("ab") as file:
        file.write(b"more")
    site.go.touch()
    site.wait_for(lambda: len(site.outcomes()) == 1 and not site.states()["running"])
    site.wait_for(lambda: not site.states()["queued"])
    site.stop()
    site.reckon()
    assert site.outcomes() == {"a.png": "inconclusive"}


def test_folder_that_goes_away_costs_nothing_and_is_resumed(site: Site) -> None:
    site.environment["FORENSICS_WORKERS"] = "1"
    for number in range(12):
        write_order(site.inbox / f"{number}.png", site.held, number)
    site.start()
    site.wait_until_at_work()
    site.inbox.rename(site.home / "away")
    site.go.touch()
    site.wait_for(lambda: "folder is away" in site.log)
    site.wait_for(lambda: site.log.count("to be tried again") >= 11)
    site.wait_for(lambda: site.states() == {"done": 1, "queued": 11})
    (site.home / "away").rename(site.inbox)
    site.wait_until_ended(12)
    site.stop()
    site.reckon()
    assert site.log.count("folder is away") == 1
    assert site.states() == {"done": 12}


def test_mount_that_goes_and_comes_back_costs_nothing(site: Site) -> None:
    """A file system of its own over the folder; while it is not there the folder is empty, not its files gone."""
    disk = site.home / "disk"
    disk.mkdir()
    site.environment["FORENSICS_WORKERS"] = "1"
    mount("-t", "tmpfs", "tmpfs", str(disk))
    try:
        for number in range(8):
            write_order(disk / f"{number}.png", site.held, number)
        mount("--bind", str(disk), str(site.inbox))
        site.start()
        site.wait_until_at_work()
        unmount(site.inbox)
        site.go.touch()
        site.wait_for(lambda: "folder is away" in site.log)
        site.wait_for(lambda: site.log.count("to be tried again") >= 7)
        site.wait_for(lambda: site.states() == {"done": 1, "queued": 7})
        mount("--bind", str(disk), str(site.inbox))
        site.wait_until_ended(8)
        site.stop()
        site.reckon()
        assert site.states() == {"done": 8}
    finally:
        site.kill_all()
        unmount(site.inbox)
        unmount(disk)


@SQLITE
def test_folder_made_unreadable_and_back(site: Site) -> None:
    """On SQLite alone: a daemon that heeds rights can't reach the socket of the tests' PostgreSQL either."""
    folder = site.inbox / "closed"
    folder.mkdir()
    for number in range(8):
        write_order(folder / f"{number}.png", site.held, number)
    site.environment["FORENSICS_WORKERS"] = "1"
    site.start(preexec_fn=be_bound_by_rights)
    site.wait_until_at_work()
    folder.chmod(0)
    site.go.touch()
    site.wait_for(lambda: "folder can't be listed" in site.log)
    site.wait_for(lambda: site.log.count("to be tried again") >= 7)
    site.wait_for(lambda: site.states() == {"done": 1, "queued": 7})
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


def mount(*arguments: str) -> None:
    """Mount something, or skip the test where that is not allowed."""
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")


def unmount(folder: Path) -> None:
    """Take a mount away from under whoever uses it."""
    with suppress(OSError):
        subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)
