"""One examination in a process like a worker's: confined, limited, new, and its finding sent back by pickle."""

import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from .. import plugins
from ..hookspecs import Detector
from ..plugins import registration
from ..plugins.containment import confine, held_mb, limit_memory, peak_mb
from ..records import Finding
from ..settings import Settings
from .media import write
from .samples import sampled


@dataclass(frozen=True)
class Measured:
    """What came back. `cpu_s` counts all threads; `memory_mb` is what the peak rose above what was held before."""

    finding: Finding
    wall_s: float
    cpu_s: float
    memory_mb: float


def measure(
    plugin: str, detector: str, medium: str, folder: Path, settings: Settings, limit_s: float
) -> Measured:
    """Examine one golden file in a new process. Raises TimeoutError after `limit_s`, BrokenProcessPool when it dies."""
    write(medium, folder)  # the confined process may not
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    with tempfile.TemporaryDirectory() as scratch:
        try:
            asked = pool.submit(
                examine_confined, plugin, detector, medium, folder, settings, scratch
            )
            return asked.result(timeout=limit_s)
        finally:
            end(pool)


def end(pool: ProcessPoolExecutor) -> None:
    """End the process, whatever it is doing."""
    for process in list((pool._processes or {}).values()):
        process.kill()
    pool.shutdown(wait=True)


def examine_confined(
    plugin: str, detector: str, medium: str, folder: Path, settings: Settings, scratch: str
) -> Measured:
    """Be that process."""
    confine(settings, Path(scratch))
    examiner = loaded(plugin, detector, settings)
    with sampled(medium, folder, settings) as sample:
        limit_memory(settings)
        held, before = held_mb(), peak_mb()
        began_s, cpu_s = time.perf_counter(), time.process_time()
        finding = examiner.examine(sample)
        return Measured(
            finding,
            wall_s=time.perf_counter() - began_s,
            cpu_s=time.process_time() - cpu_s,
            memory_mb=peak_mb() - held if peak_mb() > before else 0.0,
        )


def loaded(plugin: str, detector: str, settings: Settings) -> Detector:
    """Return one detector of an installed plugin."""
    registered = registration.register(plugins.require(plugin))
    return next(d for d in registered.detectors(settings) if d.name == detector)
