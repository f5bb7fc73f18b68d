"""Loads the plugins in a process of its own, so that one that ends or blocks it is named and the caller goes on."""

import os
from dataclasses import asdict
from typing import Any

from .. import plugins
from ..errors import ForensicsError, PluginError
from ..process.child import Child, Parent
from ..settings import Settings, load

MODULE = "forensics.plugins.probe"
PROBE_S = 120.0  # for all plugins together; importing torch on a busy machine takes 10 s


def statuses(settings: Settings, limit_s: float = PROBE_S) -> list[dict[str, Any]]:
    """Return the status of every installed plugin, as a worker would find it.

    One that ends the process or does not come to an end is broken, and the others are asked again without it.
    Raises PluginError when the probe fails for another reason.
    """
    left_out: dict[str, str] = {}
    while True:
        lines, ending = run({"settings": asdict(settings), "left_out": left_out}, limit_s)
        for line in lines:
            if "statuses" in line:
                rows: list[dict[str, Any]] = line["statuses"]
                return rows
        culprit = lines[-1]["loading"] if lines else None
        if culprit is None:
            raise PluginError(f"the probe of the plugins {ending}")
        left_out[culprit] = f"its process {ending.splitlines()[0]} while it was loaded"


def run(request: dict[str, Any], limit_s: float) -> tuple[list[dict[str, Any]], str]:
    """Send one request to a new process; returns the lines that it answered, and how it ended."""
    with Child(MODULE, limit_s, keeps_errors=True) as child:
        child.send(request)
        lines = [*child.lines()]
        status = child.finish()
        if child.is_late:
            return lines, f"took longer than {limit_s:.0f} s"
        return lines, f"ended with status {status}\n{child.errors.decode()}".strip()


def device(settings: Settings, limit_s: float = PROBE_S) -> tuple[bool, str]:
    """Say whether the device of the settings can be used, and which it is."""
    lines, ending = run({"settings": asdict(settings), "device": True}, limit_s)
    for line in lines:
        if "device" in line:
            return line["usable"], line["device"]
    return False, f"asking for the device {ending}"


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
    """Answer one request of the parent."""
    parent = Parent()
    request = parent.request()
    parent.end_when_gone()
    settings = load(flags=request["settings"])
    if "device" in request:
        usable, description = describe_device(settings)
        parent.send({"usable": usable, "device": description})
        return
    loaded = plugins.load(
        settings, request["left_out"], lambda name: parent.send({"loading": name})
    )
    parent.send({"statuses": [asdict(status) for status in loaded.statuses]})


if __name__ == "__main__":
    main()
