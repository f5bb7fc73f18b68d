"""Tells plugins of stored verdicts, in a process beside the parent: what a plugin does there harms nobody.

The parent hands each verdict to a thread that never keeps it waiting. The process is started with the first verdict,
and only where a plugin implements `forensics_verdict_stored`.
"""

import logging
import queue
import signal
import threading
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from types import FrameType
from typing import Final

from .. import plugins
from ..analysis.messages import Done, Message, Ready, Started
from ..logs import configure
from ..plugins import registration
from ..plugins.registration import Registered
from ..process.child import Child, Parent, Plain
from ..records import Verdict
from ..serialization import converter
from ..settings import Settings, load
from .active_job import Ended

log = logging.getLogger(__name__)

MODULE = "forensics.daemon.notifier"
HOOK = "forensics_verdict_stored"
HOOK_S = 30.0
MOST_WAITING = 1000
MOST_DEATHS = 3
END: Final = None


class Notifier:
    """The parent's side: follows a dispatcher's events, and keeps it waiting at `close` only."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._listeners: tuple[str, ...] = ()
        self._waiting: queue.Queue[Plain | None] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._child: Child | None = None
        self._deaths = 0
        self._verdicts: dict[int, Verdict] = {}

    def follow(self, event: Message) -> None:
        """Note which plugins listen, and each verdict until it is stored."""
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
        notice = {
            "verdict": converter().unstructure(verdict),
            "verdict_id": verdict_id,
            "path": path,
        }
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
            self._thread.start()
        try:
            self._waiting.put_nowait(notice)
        except queue.Full:
            log.warning("plugins are not told", extra={"verdict": verdict_id, "why": "too many"})

    def close(self, wait_s: float = 5.0) -> None:
        """Let what waits be told for `wait_s`, then end the process."""
        if self._thread is None:
            return
        with suppress(queue.Full):
            self._waiting.put_nowait(END)
        self._thread.join(wait_s)
        if self._child is not None:
            self._child.kill()
        self._thread.join()
        if self._child is not None:
            self._child.close()

    def _run(self) -> None:
        """Send what waits to the process, and wait for its end when there is no more."""
        while (notice := self._waiting.get()) is not END:
            if self._deaths < MOST_DEATHS:
                self._send(notice)
        if self._child is not None:
            self._child.finish()

    def _send(self, notice: Plain) -> None:
        """Send one notice; a process that died is replaced, three times."""
        if self._child is not None and self._child.exit_status is not None:
            self._deaths += 1
            log.warning(
                "the process that tells plugins of verdicts died",
                extra={"exit": self._child.exit_status, "plugins": self._listeners},
            )
            self._child.close()
            self._child = None
        if self._child is None and self._deaths < MOST_DEATHS:
            self._child = Child(MODULE)
            self._child.send({"settings": asdict(self._settings), "listeners": self._listeners})
        if self._child is not None:
            self._child.send(notice)


def main() -> None:
    """Be that process: load the plugins that listen, and tell them of each verdict that the parent sends."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)  # the parent closes stdin when it ends
    signal.signal(signal.SIGALRM, out_of_time)
    parent = Parent()
    first = parent.request()
    settings = load(flags=first["settings"])
    configure(settings)
    serve(parent.requests(), [*registered(first["listeners"])])


def registered(names: Sequence[str]) -> Iterator[Registered]:
    """Yield the plugins, without those that can't be imported any more."""
    for name in names:
        try:
            yield registration.register(plugins.require(name))
        except (Exception, SystemExit):
            log.warning("plugin %s is not told\n%s", name, traceback.format_exc())


def serve(notices: Iterable[Plain], listeners: Sequence[Registered]) -> None:
    """Tell each plugin of each verdict; what one raises, or how long it takes, is not the next one's concern."""
    for notice in notices:
        verdict = converter().structure(notice["verdict"], Verdict)
        for listener in listeners:
            try:
                with limited(HOOK_S):
                    listener.verdict_stored(verdict, notice["verdict_id"], notice["path"])
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
