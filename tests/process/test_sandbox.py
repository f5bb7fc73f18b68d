"""What a worker can't do, tried from inside a detector, and what it costs when it takes too much."""

import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from forensics.analysis.messages import Done, Failed, FindingReady, Message, Started, Task
from forensics.errors import ErrorCode, PluginError
from forensics.process import landlock, sandbox
from forensics.records import Finding, Outcome
from forensics.settings import Settings
from forensics.workers.pool import ProcessPool

from ..distributions import OBEDIENT, write_order
from ..workers.test_pool import finish, last

SETTINGS = Settings(plugins=("obedient",), deadline_s=30, threads=1, memory_mb=1500, device="cpu")
CONFINED = pytest.mark.skipif(landlock.abi() < 1, reason="this kernel has no Landlock")


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessPool]:
    monkeypatch.syspath_prepend(str(OBEDIENT))
    found = ProcessPool(SETTINGS)
    yield found
    found.close()


def obey(pool: ProcessPool, folder: Path, order: str, task_id: int = 1) -> list[Message]:
    return finish(pool, Task(task_id, str(write_order(folder / f"{task_id}.png", order))))


def finding(events: list[Message]) -> Finding:
    return next(event.finding for event in events if isinstance(event, FindingReady))


def failure(events: list[Message]) -> tuple[ErrorCode, str | None]:
    failed = last(events)
    assert isinstance(failed, Failed), failed
    return failed.failure.code, failed.failure.detector


@CONFINED
@pytest.mark.parametrize(
    ("order", "refusal"),
    [
        pytest.param("write", "PermissionError", id="itself"),
        pytest.param("thread", "PermissionError", id="in-a-thread"),
        pytest.param("program", "CalledProcessError", id="by-another-program"),
    ],
)
def test_detector_cannot_write_beside_the_evidence(
    pool: ProcessPool, tmp_path: Path, order: str, refusal: str
) -> None:
    found = finding(obey(pool, tmp_path, f"{order}:{tmp_path / 'x'}"))
    assert found.message.startswith(refusal)
    assert not (tmp_path / "x").exists()


@pytest.mark.skipif(landlock.abi() < 3, reason="this kernel lets files be cut off")
def test_detector_cannot_change_a_file_or_folder_in_any_way(
    pool: ProcessPool, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("evidence")
    assert finding(obey(pool, tmp_path, f"change:{victim}")).outcome is Outcome.SCORED
    assert victim.read_text() == "evidence"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.png", "victim"]


@CONFINED
def test_detector_can_write_into_its_scratch_folder_which_goes_with_its_worker(
    pool: ProcessPool, tmp_path: Path
) -> None:
    assert finding(obey(pool, tmp_path, "scratch:note")).outcome is Outcome.SCORED
    scratch = pool.workers[0].scratch
    assert (scratch / "note").read_text() == "written"
    pool.close()
    assert not scratch.parent.exists()


@pytest.mark.skipif(landlock.abi() < landlock.TCP_ABI, reason="this kernel lets every process")
@pytest.mark.parametrize("order", ["connect", "listen"])
def test_detector_cannot_use_tcp(pool: ProcessPool, tmp_path: Path, order: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = finding(obey(pool, tmp_path, f"{order}:{port}"))
    assert found.message.startswith("PermissionError")


@pytest.mark.skipif(landlock.abi() < landlock.SCOPE_ABI, reason="this kernel lets every process")
def test_detector_cannot_kill_the_daemon(pool: ProcessPool, tmp_path: Path) -> None:
    assert finding(obey(pool, tmp_path, f"kill:{os.getpid()}")).message.startswith("Permission")


def test_containment_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(OBEDIENT))
    pool = ProcessPool(replace(SETTINGS, contained=False))
    try:
        assert isinstance(last(obey(pool, tmp_path, f"write:{tmp_path / 'x'}")), Done)
    finally:
        pool.close()
    assert (tmp_path / "x").read_text() == "written"


@pytest.mark.parametrize("order", ["eat", "grab:3000"])
def test_detector_that_takes_memory_fails_as_that_and_the_next_file_is_analysed(
    pool: ProcessPool, tmp_path: Path, order: str
) -> None:
    assert failure(obey(pool, tmp_path, order)) == (ErrorCode.OUT_OF_MEMORY, "obedient")
    assert pool.deaths == 1
    assert isinstance(last(obey(pool, tmp_path, "", 2)), Done)


def test_worker_over_its_memory_is_killed_where_no_limit_of_the_kernel_holds(
    pool: ProcessPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "resident_bytes", lambda pid: 1501 * sandbox.MB)
    pool.submit(Task(1, str(write_order(tmp_path / "a.png", "hang"))))
    (event,) = [event for event in pool.events(0.0) if isinstance(event, Failed)]
    assert event.failure.code is ErrorCode.OUT_OF_MEMORY
    assert "took 1501 MB, the limit is 1500" in event.failure.message
    assert pool.deaths == 1


def test_worker_that_died_with_its_memory_nearly_used_up_ran_out_of_it(
    pool: ProcessPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "resident_bytes", lambda pid: 1400 * sandbox.MB)
    assert failure(obey(pool, tmp_path, "abort")) == (ErrorCode.OUT_OF_MEMORY, "obedient")


def test_abort_a_hang_and_want_of_memory_are_told_apart(pool: ProcessPool, tmp_path: Path) -> None:
    assert failure(obey(pool, tmp_path, "abort", 1)) == (ErrorCode.WORKER_DIED, "obedient")
    assert failure(obey(pool, tmp_path, "eat", 2)) == (ErrorCode.OUT_OF_MEMORY, "obedient")
    hasty = ProcessPool(replace(SETTINGS, deadline_s=1))
    try:
        assert failure(obey(hasty, tmp_path, "hang", 3)) == (ErrorCode.DEADLINE, "obedient")
    finally:
        hasty.close()


def test_memory_limit_below_what_a_worker_needs_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(OBEDIENT))
    pool = ProcessPool(replace(SETTINGS, memory_mb=50))
    with pytest.raises(PluginError, match="raise FORENSICS_MEMORY_MB"):
        pool.warm_up()
    pool.close()


def test_worker_is_replaced_after_its_share_of_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(OBEDIENT))
    pool = ProcessPool(replace(SETTINGS, jobs_per_worker=2))
    try:
        begun: list[int] = []
        for number in (1, 2, 3):
            events = obey(pool, tmp_path, "", number)
            assert isinstance(last(events), Done)
            begun += [event.worker for event in events if isinstance(event, Started)]
        assert (begun, len(pool.workers)) == ([1, 1, 2], 1)
    finally:
        pool.close()


def test_kernel_without_landlock_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(landlock, "call", refuse)
    assert landlock.abi() == 0
    assert landlock.restrict([tmp_path]) == 0
    assert sandbox.lacking(0) == ("writing", "cutting files off", "TCP connections", "signals")
    assert sandbox.lacking(4) == ("signals",)


@pytest.mark.parametrize(
    ("error", "short"),
    [
        pytest.param(MemoryError(), True, id="python"),
        pytest.param(RuntimeError("DefaultCPUAllocator: can't allocate memory"), True, id="torch"),
        pytest.param(RuntimeError("CUDA out of memory. Tried"), True, id="cuda"),
        pytest.param(RuntimeError("can't start new thread"), True, id="thread"),
        pytest.param(ValueError("bad shape"), False, id="a-bug"),
    ],
)
def test_want_of_memory_is_recognised(error: Exception, short: bool) -> None:
    assert sandbox.is_shortage(error) is short


def test_kernel_that_killed_for_want_of_memory_is_counted(tmp_path: Path) -> None:
    (tmp_path / "vmstat").write_text("pgfault 12\noom_kill 3\n")
    assert sandbox.oom_kills(tmp_path / "vmstat") == 3
    assert sandbox.oom_kills(tmp_path / "none") == 0


def test_sizes_of_a_process_that_has_ended_are_nothing() -> None:
    assert sandbox.resident_bytes(2**22 + 1) == 0
    assert sandbox.resident_bytes(os.getpid()) > sys.getsizeof("")
