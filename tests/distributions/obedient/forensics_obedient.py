"""A plugin for tests: a fast detector that does what a file tells it to, so that a test chooses what a worker meets.

The order stands in a picture's text: `order=hang`, or with a value `order=write:/some/path`. A file without one is
scored by its bytes.
"""

import errno
import os
import socket
import subprocess
import time
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forensics import hookimpl
from forensics.hookspecs import Detector
from forensics.records import Calibration, Finding, MediaKind, Need, Outcome, Sample
from forensics.settings import Settings

HEAD_BYTES = 4096
BLOCK_BYTES = 1 << 24
MARK = b"order="
LOOK_S = 0.05


def sleep(seconds: str) -> None:
    time.sleep(float(seconds or 3600))


def wait(path: str) -> None:
    """Go on once there is a file of that name."""
    while not Path(path).exists():
        time.sleep(LOOK_S)


def fail(words: str) -> None:
    raise ValueError(words or "told to")


def fill(path: str) -> None:
    """Meet a full disk for as long as there is a file of that name."""
    if Path(path).exists():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def eat(megabytes: str) -> None:
    """Take memory bit by bit and use it, up to so many MB, or for ever."""
    held: list[bytes] = []
    while not megabytes or len(held) * BLOCK_BYTES < int(megabytes) * 1e6:
        held.append(os.urandom(1) * BLOCK_BYTES)


def grab(megabytes: str) -> None:
    """Take memory at once without using it."""
    bytes(int(megabytes) * 1_000_000)


def write(path: str) -> None:
    Path(path).write_text("written")


def write_in_thread(path: str) -> None:
    with ThreadPoolExecutor(1) as one:
        one.submit(write, path).result()


def write_by_program(path: str) -> None:
    subprocess.run(["touch", path], check=True)


def write_scratch(name: str) -> None:
    (Path(os.environ["TMPDIR"]) / (name or "a")).write_text("written")


def change(path: str) -> None:
    """Try all that changes a file or folder."""
    attempts: list[Callable[[], object]] = [
        lambda: Path(path).write_text("x"),
        lambda: os.truncate(path, 0),
        lambda: Path(path).unlink(),
        lambda: Path(path).rename(f"{path}.x"),
        lambda: Path(f"{path}.link").symlink_to(path),
        lambda: Path(f"{path}.hard").hardlink_to(path),
        lambda: Path(f"{path}.folder").mkdir(),
        lambda: os.mkfifo(f"{path}.pipe"),
    ]
    refuse_all(attempts)


def refuse_all(attempts: list[Callable[[], object]]) -> None:
    """Raise unless every attempt is refused."""
    for number, attempt in enumerate(attempts):
        try:
            attempt()
        except PermissionError:
            continue
        raise ValueError(f"attempt {number} was not refused")


def connect(port: str) -> None:
    socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()


def listen(port: str) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", int(port)))


def kill(pid: str) -> None:
    os.kill(int(pid), 9)


ORDERS: dict[str, Callable[[str], None]] = {
    "hang": sleep,
    "wait": wait,
    "abort": lambda _: os.abort(),
    "raise": fail,
    "full": fill,
    "eat": eat,
    "grab": grab,
    "write": write,
    "thread": write_in_thread,
    "program": write_by_program,
    "scratch": write_scratch,
    "change": change,
    "connect": connect,
    "listen": listen,
    "kill": kill,
}


@dataclass(frozen=True)
class ObedientDetector:
    """Does what the file says, then scores it between -1 and 1."""

    name: str = "obedient"
    version: str = "1.0"
    licence: str = "MIT"
    permitted_use: str = ""
    weights: str | None = None
    examines: tuple[str, ...] = ("face_manipulation",)
    needs: frozenset[Need] = frozenset()
    kinds: frozenset[MediaKind] = frozenset(MediaKind)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None

    def examine(self, sample: Sample) -> Finding:
        head = os.pread(sample.fd, HEAD_BYTES, 0)
        _, found, rest = head.partition(MARK)
        if found:
            order, _, value = rest.split(b"\n")[0].decode().partition(":")
            ORDERS[order](value)
        score = zlib.crc32(head) / 2**31 - 1
        return Finding(self.name, self.version, self.weights, Outcome.SCORED, score=score)


@hookimpl
def forensics_detectors(settings: Settings) -> list[Detector]:
    return [ObedientDetector()]
