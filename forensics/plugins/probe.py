"""Loads the plugins in a process of its own, so that one that ends or blocks it is named and the caller goes on."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TextIO

from .. import plugins
from ..errors import ForensicsError, PluginError
from ..settings import Settings, load

PROBE_S = 120.0  # for all plugins together; importing torch on a busy machine takes 10 s


def statuses(settings: Settings, limit_s: float = PROBE_S) -> list[dict[str, Any]]:
    """Return the status of every installed plugin, as a worker would find it.

    One that ends the process or does not come to an end is broken, and the others are asked again without it.
    Raises PluginError when the probe fails for another reason.
    """
    left_out: dict[str, str] = {}
    while True:
        lines, ended = ask(settings, left_out, limit_s)
        for line in lines:
            if "statuses" in line:
                return list(line["statuses"])
        culprit = lines[-1]["loading"] if lines else None
        if culprit is None:
            raise PluginError(f"the probe of the plugins {ended}")
        left_out[culprit] = f"its process {ended.splitlines()[0]} while it was loaded"


def ask(
    settings: Settings, left_out: dict[str, str], limit_s: float
) -> tuple[list[dict[str, Any]], str]:
    """Ask for the plugins once; returns what was said, and how it ended."""
    return run({"settings": asdict(settings), "left_out": left_out}, limit_s)


def run(request: dict[str, Any], limit_s: float) -> tuple[list[dict[str, Any]], str]:
    """Send one request to a new process; returns the lines that it answered, and how it ended."""
    command = [sys.executable, "-m", "forensics.plugins.probe"]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command,
            input=json.dumps(request).encode(),
            capture_output=True,
            check=False,
            timeout=limit_s,
        )
        output, ended = done.stdout, f"ended with status {done.returncode}\n{done.stderr.decode()}"
    except subprocess.TimeoutExpired as error:
        output, ended = error.stdout or b"", f"took longer than {limit_s:.0f} s"
    return [*parsed(output.decode())], ended.strip()


def parsed(output: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of whole lines."""
    for line in output.splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)


def say(out: TextIO, **line: Any) -> None:
    """Print one JSON object at once: the next step may be the last."""
    out.write(json.dumps(line) + "\n")
    out.flush()


def device(settings: Settings, limit_s: float = PROBE_S) -> tuple[bool, str]:
    """Say whether the device of the settings can be used, and which it is."""
    lines, ended = run({"settings": asdict(settings), "device": True}, limit_s)
    for line in lines:
        if "device" in line:
            return line["usable"], line["device"]
    return False, f"asking for the device {ended}"


def describe_device(settings: Settings) -> tuple[bool, str]:
    """Return what `device` says, in the process that imports torch."""
    try:
        import torch

        from ..process.device import device_of

        name = device_of(settings)
    except ImportError as error:
        return True, f"not known: {error}"  # said where what is installed is looked at
    except ForensicsError as error:
        return False, str(error)
    if name == "cuda":
        return True, f"cuda: {torch.cuda.get_device_name()}"
    return True, f"cpu, {len(os.sched_getaffinity(0))} cores"


def main() -> None:
    """Read a request from stdin and answer it; what plugins print goes to stderr."""
    request = json.loads(sys.stdin.read())
    out = sys.stdout
    if "device" in request:
        usable, description = describe_device(load(flags=request["settings"]))
        say(out, usable=usable, device=description)
        return
    with contextlib.redirect_stdout(sys.stderr):
        loaded = plugins.load(
            load(flags=request["settings"]),
            request["left_out"],
            lambda name: say(out, loading=name),
        )
    say(out, statuses=[asdict(status) for status in loaded.statuses])


if __name__ == "__main__":
    main()
