"""A worker process: loads plugins and models once, then analyses one task after another until its pipe closes."""

import importlib.metadata
import logging
import os
import platform
import shutil
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import parent_process
from pathlib import Path

from .. import plugins
from ..analysis.analyse import Equipment, analyse
from ..analysis.messages import GO, Event, Hashed, Loading, Ready, Started, pack, unpack_task
from ..errors import WeightsError
from ..faces import FaceFinder
from ..logs import Lines, configure
from ..process import sandbox
from ..process.device import device_of
from ..records import Need, Passage, Policy, Together
from ..settings import Settings
from ..weights import together

log = logging.getLogger(__name__)

COMPUTING = ("torch", "torchvision", "facenet-pytorch", "opencv-python", "av", "numpy")


def serve(
    connection: Connection,
    settings: Settings,
    detectors: Sequence[str],
    number: int,
    scratch: Path,
    lacking: Sequence[str] = (),
    left_out: Mapping[str, str] | None = None,
) -> None:
    """Be a worker: say Ready, then take tasks and send events. Ends when the parent is gone.

    Raises ForensicsError for what keeps it from starting.
    """
    os.dup2(2, 1)  # what a detector prints must not end up among the JSON lines of the command
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)  # a terminal sends them to us too; our parent decides
    threading.Thread(target=end_with_parent, args=(scratch,), daemon=True).start()
    lines = configure(settings)
    if lacking and number == 1:
        log.warning("workers are confined in part", extra={"lacking": "; ".join(lacking)})

    def on_loading(plugin: str | None) -> None:
        connection.send_bytes(pack(Loading(plugin)))

    equipment, status = equip(settings, detectors, left_out, on_loading)
    if device_of(settings) == "cpu":  # CUDA reserves address space without measure
        sandbox.limit_data(settings.memory_mb)
    broken = tuple(f"{s.name}: {s.why}" for s in status if s.state == "broken")
    uses = {f"{d.name}: {d.permitted_use}" for d in equipment.detectors if d.permitted_use}
    listeners = tuple(s.name for s in status if "forensics_verdict_stored" in s.hooks)
    ready = Ready(equipment.pipeline(Passage()), tuple(sorted(uses)), broken, listeners)
    try:
        connection.send_bytes(pack(ready))
        while True:
            take(connection, equipment, number, lines)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def take(connection: Connection, equipment: Equipment, number: int, lines: Lines) -> None:
    """Receive one task and do it; what is logged meanwhile names the job and, once known, its content's hash."""
    lines.subject = {}
    task = unpack_task(connection.recv_bytes())
    lines.subject = {"job": task.id}
    connection.send_bytes(pack(Started(task.id, number)))
    work = analyse(task, equipment)
    answer: bool | None = None
    while True:
        try:
            event: Event = work.send(answer)
        except StopIteration:
            return
        if isinstance(event, Hashed):
            lines.subject = {"job": task.id, "sha256": event.sha256}
        connection.send_bytes(pack(event))
        answer = connection.recv_bytes() == GO if isinstance(event, Hashed) else None


def end_with_parent(scratch: Path) -> None:
    """End this process at once when its parent has gone, whatever it is busy with; leave nothing behind."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)


def equip(
    settings: Settings,
    detectors: Sequence[str],
    left_out: Mapping[str, str] | None = None,
    on_loading: Callable[[str | None], None] = lambda plugin: None,
) -> tuple[Equipment, tuple[plugins.PluginStatus, ...]]:
    """Load what every task needs. Raises UsageError for a detector that does not exist."""
    import cv2
    import torch

    threads = 1 if settings.reproducible else settings.threads or share_of_cores(settings.workers)
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    if settings.reproducible:
        torch.use_deterministic_algorithms(True)
    loaded = plugins.load(settings, left_out, on_loading)
    on_loading(None)
    chosen = plugins.choose(loaded, detectors)
    needs_faces = any(Need.FACES in detector.needs for detector in chosen)
    finder = FaceFinder(device_of(settings)) if needs_faces else None
    joint = measured_together(settings, {d.name: d.weights for d in chosen})
    return Equipment(settings, chosen, finder, versions(threads), joint), loaded.statuses


def measured_together(
    settings: Settings, weights: Mapping[str, str | None]
) -> tuple[Together, ...]:
    """Return what was measured of the detectors together: under triage, and as far as manifests can be read."""
    if Policy(settings.policy) is not Policy.TRIAGE:
        return ()
    try:
        return together(settings, weights)
    except WeightsError as error:
        log.warning("errors of detectors together are left out", extra={"error": str(error)})
        return ()


def share_of_cores(workers: int) -> int:
    """Return the threads for one of so many workers on this machine."""
    return max(len(os.sched_getaffinity(0)) // workers, 1)


def versions(threads: int) -> dict[str, str]:
    """Return the versions of all that computes, for the record of a re-run."""
    import av

    known = {name: importlib.metadata.version(name) for name in COMPUTING}
    ffmpeg = ".".join(map(str, av.library_versions["libavcodec"]))
    return {
        **known,
        "libavcodec": ffmpeg,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "threads": str(threads),
    }
