"""The one kind of child process beside the workers: a module of ours that talks to its parent in JSON, one object a line.

The parent starts a `Child`, sends it lines and reads its answers. In the child, `Parent` is the other end. A child whose
parent has gone ends by itself; one that reads strangers' files is confined first (`answer_confined`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread, Timer
from typing import IO, Any, Self

from ..settings import Settings, load
from . import sandbox

Plain = Mapping[str, Any]
Send = Callable[[Plain], None]

CHUNK_BYTES = 65_536
LARGEST_BYTES = (
    16_000_000  # of one line: a child that was taken over must not fill its parent's memory
)
TICK_S = (
    0.5  # between looks at whether a silent child has ended: what it started may hold its pipe open
)
STDIN, STDOUT, STDERR = 0, 1, 2


class Child:
    """The parent's side. As a context manager it kills the child at the end of the block.

    `module` is run by our own interpreter and killed after `limit_s`: `is_late` says so. With `keeps_errors`, what it
    writes to stderr is kept in `errors` while its lines are read, and not passed on.
    """

    def __init__(
        self, module: str, limit_s: float | None = None, *, keeps_errors: bool = False
    ) -> None:
        self.is_late = False
        self.errors = b""
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if keeps_errors else None,
            bufsize=0,
        )
        self._timer = Timer(limit_s or 0.0, self._expire)
        if limit_s is not None:
            self._timer.daemon = True
            self._timer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def exit_status(self) -> int | None:
        """Return the status with which it ended, None while it runs."""
        return self._process.poll()

    def send(self, line: Plain) -> None:
        """Send one object. That it has died is noticed elsewhere."""
        with suppress(BrokenPipeError):
            rest = memoryview(json.dumps(line).encode() + b"\n")
            while rest:  # one call writes what the pipe has room for
                rest = rest[pipe(self._process.stdin).write(rest) :]

    def lines(self) -> Iterator[Any]:
        """Yield what it answers, line by line, until it ends. Raises ValueError for a line that is no JSON or too long.

        A line that was cut off when it ended is left out.
        """
        output, rest = pipe(self._process.stdout).fileno(), b""
        pipes = [output]
        if self._process.stderr is not None:
            pipes.append(self._process.stderr.fileno())
        while pipes:
            ready = wait(pipes, TICK_S)
            if not ready and self._process.poll() is not None:
                return
            for fd in [fd for fd in pipes if fd in ready]:
                data = os.read(fd, CHUNK_BYTES)
                if not data:
                    pipes.remove(fd)
                elif fd == output:
                    *whole, rest = (rest + data).split(b"\n")
                    yield from map(json.loads, whole)
                    if len(rest) > LARGEST_BYTES:
                        raise ValueError(f"a line of more than {LARGEST_BYTES} bytes")
                else:
                    self.errors += data

    def finish(self) -> int:
        """Tell it that nothing more comes, wait until it has ended, and return its status."""
        with suppress(OSError):
            pipe(self._process.stdin).close()
        return self._process.wait()

    def kill(self) -> None:
        """End it at once; any thread may call this."""
        self._process.kill()

    def close(self) -> None:
        """End it, and give back what it held."""
        self._timer.cancel()
        self._process.kill()
        self._process.wait()
        for file in (self._process.stdin, self._process.stdout, self._process.stderr):
            if file is not None:
                with suppress(OSError):
                    file.close()

    def _expire(self) -> None:
        self.is_late = True
        self.kill()


def pipe(file: IO[bytes] | None) -> IO[bytes]:
    """Return a pipe that was asked for, which `Popen` does not promise in its types."""
    if file is None:
        raise ValueError("the process has no such pipe")
    return file


class Parent:
    """The child's side. It takes stdin and stdout for itself: what else reads finds nothing, what else prints goes to stderr."""

    def __init__(self) -> None:
        self._requests = os.fdopen(os.dup(STDIN), "rb")
        self._answers = os.fdopen(os.dup(STDOUT), "wb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, STDIN)
        os.close(nothing)
        os.dup2(STDERR, STDOUT)

    def requests(self) -> Iterator[dict[str, Any]]:
        """Yield what the parent sends, until it has no more or is gone."""
        for line in self._requests:
            if line.endswith(b"\n"):
                yield json.loads(line)

    def request(self) -> dict[str, Any]:
        """Return the next thing that the parent sends, and end if it is gone."""
        for request in self.requests():
            return request
        sys.exit(1)

    def send(self, line: Plain) -> None:
        """Send one object at once: the next step may be the last."""
        self._answers.write(json.dumps(line).encode() + b"\n")
        self._answers.flush()

    def end_when_gone(self) -> None:
        """From now on, end this process as soon as the parent is gone: then nobody waits. Nothing more can be received."""
        Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        while os.read(self._requests.fileno(), CHUNK_BYTES):
            pass
        os._exit(1)


def answer_confined(
    answer: Callable[[dict[str, Any], Settings, Send], None], shortage: str
) -> None:
    """Be the child that answers one request about strangers' files: confined before what reads them is loaded.

    A request has the keys `settings` and `scratch`, the only folder to write to. `answer` imports what it needs, and
    sends its lines; `shortage` is the problem to be sent when memory runs out.
    """
    parent = Parent()
    request = parent.request()
    settings = load(flags=request["settings"])
    os.environ["OMP_NUM_THREADS"] = "1"
    if settings.contained:
        sandbox.contain(Path(request["scratch"]))  # while there is no thread yet
    parent.end_when_gone()
    try:
        answer(request, settings, parent.send)
    except Exception as error:
        if not sandbox.is_shortage(error):
            raise
        parent.send({"problem": shortage})
