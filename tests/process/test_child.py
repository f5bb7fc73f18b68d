"""A child process that talks JSON lines: it answers, it is ended in time, and it never outlives its parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forensics.process import child
from forensics.process.child import Child

ECHO = """
import sys
from forensics.process.child import Parent
parent = Parent()
print("among the lines")
for request in parent.requests():
    parent.send({"size": len(request["text"]), "others_read": sys.stdin.read()})
"""
HANGS = """
import os, subprocess, sys, time
from forensics.process.child import Parent
parent = Parent()
request = parent.request()
parent.end_when_gone()
parent.send({"pid": os.getpid()})
time.sleep(600)
"""
LEAVES_ONE_BEHIND = """
import os, sys
print('{"pid": %d}' % os.getpid(), flush=True)
if os.fork() == 0:
    import time
    time.sleep(30)
"""
DIES = """
import sys
sys.stdout.write('{"whole": true}\\n{"half": ')
sys.exit("no more of this")
"""
PARENT = """
import time
from forensics.process.child import Child
other = Child("hangs")
other.send({})
print(next(other.lines())["pid"], flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for name, code in {
        "echo": ECHO,
        "hangs": HANGS,
        "leaves_one_behind": LEAVES_ONE_BEHIND,
        "dies": DIES,
    }.items():
        (tmp_path / f"{name}.py").write_text(code)


def test_child_answers_and_what_else_prints_is_not_among_its_lines() -> None:
    with Child("echo") as echo:
        echo.send({"text": "a" * 1_000_000})
        echo.send({"text": "\udcff"})
        lines = echo.lines()
        assert next(lines) == {"size": 1_000_000, "others_read": ""}
        assert next(lines) == {"size": 1, "others_read": ""}
        assert echo.finish() == 0
        assert not [*lines]


def test_child_that_hangs_is_killed_after_its_time() -> None:
    with Child("hangs", 5.0) as other:
        other.send({})
        assert len([*other.lines()]) == 1
        assert other.is_late
        assert other.finish() == -signal.SIGKILL


def test_what_a_child_leaves_behind_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "TICK_S", 0.1)
    began = time.monotonic()
    with Child("leaves_one_behind") as other:
        assert len([*other.lines()]) == 1
    assert time.monotonic() - began < 20


def test_line_that_was_cut_off_is_left_out_and_the_reason_is_kept() -> None:
    with Child("dies", keeps_errors=True) as other:
        assert [*other.lines()] == [{"whole": True}]
        other.send({"too": "late"})
        assert (other.finish(), other.errors) == (1, b"no more of this\n")


def test_line_without_an_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "LARGEST_BYTES", 5)
    with Child("dies") as other, pytest.raises(ValueError, match="more than 5 bytes"):
        [*other.lines()]


def test_child_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    until = time.monotonic() + 30
    while is_running(pid):
        assert time.monotonic() < until
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Say whether a process is there that has not ended."""
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
