"""Tells plugins of stored verdicts, in a process beside the parent: what a plugin does there harms nobody.

The parent hands each verdict to a thread that never keeps it waiting; the process is started with the first verdict,
and only where a plugin implements `forensics_verdict_stored`.
"""

import json
import logging
import queue
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from types import FrameType
from typing import IO

from .. import plugins
from ..analysis.messages import Done, Message, Ready, Started
from ..logs import configure
from ..plugins import registration
from ..plugins.registration import Registered
from ..records import Verdict
from ..serialization import converter
from ..settings import Settings, load
from .active_job import Ended

log = logging.getLogger(__name__)

HOOK = "forensics_verdict_stored"
HOOK_S = 30.0
MOST_WAITING = 1000
MOST_DEATHS = 3
END = b""
STDERR = 2


class Announcer:
    """The parent's side: follows a dispatcher's events, and keeps it waiting at `close` only."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._listeners: tuple[str, ...] = ()
        self._waiting: queue.Queue[bytes] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._verdicts: dict[int, Verdict] = {}

    def follow(self, event: Message) -> None:
        """Note which plugins want to be told, and each verdict until it is stored."""
        if isinstance(event, Ready):
            self._listeners = event.listeners
        elif isinstance(event, Started):
            self._verdicts.pop(event.task_id, None)
        elif isinstance(event, Done) and self._listeners:
            self._verdicts[event.task_id] = event.verdict

    def ended(self, ended: Ended) -> None:
        """Tell of a job's verdict if it was made for it; one that its content had already is no news."""
        verdict = self._verdicts.pop(ended.job_id, None)
        if verdict is not None and ended.verdict_id is not None:
            self.tell(verdict, ended.verdict_id, ended.path)

    def tell(self, verdict: Verdict, verdict_id: int, path: str) -> None:
        """Hand on a stored verdict."""
        told = {"verdict": converter().unstructure(verdict), "verdict_id": verdict_id, "path": path}
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)
            self._thread.start()
        try:
            self._waiting.put_nowait(converter().dumps(told).encode() + b"\n")
        except queue.Full:
            log.warning("plugins are not told", extra={"verdict": verdict_id, "why": "too many"})

    def close(self, wait_s: float = 5.0) -> None:
        """Let what waits be told for `wait_s`, then end the process."""
        if self._thread is None:
            return
        with suppress(queue.Full):
            self._waiting.put_nowait(END)
        self._thread.join(wait_s)
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._thread.join()

    def _run(self) -> None:
        """Write what waits to the process, and wait for its end when there is no more."""
        while (line := self._waiting.get()) != END:
            if self._deaths < MOST_DEATHS:
                self._send(line)
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
            self._process.wait()

    def _send(self, line: bytes) -> None:
        """Write one line; a process that died is replaced, three times."""
        if self._process is not None and self._process.poll() is not None:
            self._deaths += 1
            log.warning(
                "the process that tells plugins of verdicts died",
                extra={"exit": self._process.returncode, "plugins": self._listeners},
            )
            self._process = None
        if self._process is None and self._deaths < MOST_DEATHS:
            self._process = self._start()
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):  # its death is noticed at the next verdict
                self._process.stdin.write(line)
                self._process.stdin.flush()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "forensics.daemon.notifier"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=STDERR)  # noqa: S603 - our own
        first = {"settings": asdict(self._settings), "listeners": self._listeners}
        if process.stdin is not None:
            process.stdin.write(json.dumps(first).encode() + b"\n")
        return process


def main() -> None:
    """Be that process: load the plugins that want to be told, and tell them of each verdict on stdin."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)  # the parent closes stdin when it ends
    signal.signal(signal.SIGALRM, out_of_time)
    first = json.loads(sys.stdin.buffer.readline())
    settings = load(flags=first["settings"])
    configure(settings)
    serve(sys.stdin.buffer, [*registered(first["listeners"])])


def registered(names: Sequence[str]) -> Iterator[Registered]:
    """Yield the plugins, without those that can't be imported any more."""
    for name in names:
        try:
            yield registration.register(plugins.require(name))
        except (Exception, SystemExit):
            log.warning("plugin %s is not told\n%s", name, traceback.format_exc())


def serve(lines: IO[bytes], listeners: Sequence[Registered]) -> None:
    """Tell each plugin of each verdict; what one raises, or how long it takes, is not the next one's concern."""
    for line in lines:
        told = converter().loads(line, dict)
        verdict = converter().structure(told["verdict"], Verdict)
        for listener in listeners:
            try:
                with limited(HOOK_S):
                    listener.verdict_stored(verdict, told["verdict_id"], told["path"])
            except (Exception, SystemExit):
                log.warning("plugin %s: %s\n%s", listener.name, HOOK, traceback.format_exc())


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Break off what is done within after so many seconds, with a TimeoutError."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def out_of_time(number: int, frame: FrameType | None) -> None:
    """Raise TimeoutError where the alarm finds the process."""
    raise TimeoutError(f"took longer than {HOOK_S:.0f} s")


if __name__ == "__main__":
    main()
