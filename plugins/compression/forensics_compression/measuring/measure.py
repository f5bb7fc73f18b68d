"""The methods' statistics on material of known truth, by method and kind of file."""

import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, pairwise
from multiprocessing import get_context
from pathlib import Path

from .. import jpegs, packets
from ..figures import Rate
from ..jpegs import Jpeg
from ..plots import Levels
from ..stills import double_quantisation, jpeg_grid, noise_residual
from ..video import frame_duplicates, gop_structure
from . import made
from .rates import counted
from .sources import Material, frames, pictures

MAX_MEGAPIXELS = 128.0
AS_FOUND = "JPEG files as they were found"
ONCE = "pictures saved once"
TWICE = "pictures saved twice"
PASTED = "pictures with a piece of another pasted in, saved at quality 95"
PASTED_100 = "pictures with a piece of another pasted in, saved at quality 100"
NOISY = "pictures with noise of 4 levels added in a piece"
SMOOTHED = "pictures with a piece smoothed"
CLIPS = "clips as they were found"
ENCODED_ONCE = "clips encoded once"
ENCODED_TWICE = "clips encoded twice"
HELD = f"clips with {made.HELD} pictures repeated"
MAKERS: Mapping[str, Callable[[int, Levels, Levels], bytes]] = {
    ONCE: made.once,
    TWICE: made.twice,
    PASTED: made.pasted(95),
    PASTED_100: made.pasted(100),
    NOISY: made.noisy,
    SMOOTHED: made.smoothed,
}
UNTOUCHED = {AS_FOUND, ONCE, TWICE, CLIPS, ENCODED_ONCE}
THRESHOLDS = {
    jpeg_grid.NAME: jpeg_grid.THRESHOLD,
    double_quantisation.NAME: double_quantisation.THRESHOLD,
    noise_residual.NAME: noise_residual.THRESHOLD,
    frame_duplicates.NAME: float(frame_duplicates.LEAST_RUN),
    gop_structure.NAME: gop_structure.THRESHOLD,
}
# What a method is not for, so that its rate there would say nothing.
NOT_FOR = {
    (jpeg_grid.NAME, NOISY),
    (jpeg_grid.NAME, SMOOTHED),
    (double_quantisation.NAME, NOISY),
    (double_quantisation.NAME, SMOOTHED),
    (noise_residual.NAME, PASTED_100),
}


BATCH = 2


@dataclass(frozen=True)
class Measurement:
    """One statistic of one method on one file; a file in which there was nothing to examine counts 0."""

    detector: str
    kind: str
    statistic: float


Task = Callable[[], Iterable[Measurement]]


def measured(material: Material, per_clip: int, jobs: int) -> Iterator[Measurement]:
    """Yield every statistic, in the order of the material, from that many processes."""
    waiting = tasks(material, per_clip)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        while batch := [*islice(waiting, BATCH * jobs)]:  # no more pictures in memory than that
            for part in pool.map(done, batch):
                yield from part


def tasks(material: Material, per_clip: int) -> Iterator[Task]:
    """Yield what is to be done: JPEG files as they are, what is made of each picture, what is made of each clip.

    The donor of a piece is the next picture, and the first one's that of the last.
    """
    yield from (partial(of_jpeg, path) for path in material.jpegs)
    every = pictures(material, per_clip)
    first = [*islice(every, 1)]
    for number, (pixels, donor) in enumerate(pairwise(chain(first, every, first))):
        yield partial(of_picture, number, pixels, donor)
    yield from (partial(of_clip, number, path) for number, path in enumerate(material.clips))


def done(task: Task) -> list[Measurement]:
    """Do one task."""
    return [*task()]


def of_jpeg(path: Path) -> Iterator[Measurement]:
    """Yield the statistics of a JPEG file as it is."""
    yield from still(path.read_bytes(), AS_FOUND)


def of_picture(number: int, pixels: Levels, donor: Levels) -> Iterator[Measurement]:
    """Yield the statistics of what is made of a picture."""
    for kind, make in MAKERS.items():
        yield from still(make(number, pixels, donor), kind)


def still(data: bytes, kind: str) -> Iterator[Measurement]:
    """Yield the statistics of one JPEG."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            jpeg = jpegs.read(file.fileno())
        except jpegs.NothingToExamineError:
            return
        for name, statistic in STILL_STATISTICS.items():
            if (name, kind) not in NOT_FOR:
                yield Measurement(name, kind, statistic(file.fileno(), jpeg))


def grid_statistic(_: int, jpeg: Jpeg) -> float:
    """Return jpeg-grid's."""
    foreign = jpeg_grid.examine(jpeg).foreign
    return foreign.meaning if foreign else 0.0


def double_statistic(fd: int, jpeg: Jpeg) -> float:
    """Return double-quantisation's."""
    return double_quantisation.examine(jpeg, jpegs.cut_off(fd, jpeg)).meaning


def noise_statistic(_: int, jpeg: Jpeg) -> float:
    """Return noise-residual's."""
    noise = noise_residual.examine(jpeg)
    return abs(noise.deviation) if noise else 0.0


STILL_STATISTICS: Mapping[str, Callable[[int, Jpeg], float]] = {
    jpeg_grid.NAME: grid_statistic,
    double_quantisation.NAME: double_statistic,
    noise_residual.NAME: noise_statistic,
}


def of_clip(number: int, path: Path) -> Iterator[Measurement]:
    """Yield the statistics of a clip as it is, and of those encoded from its pictures."""
    yield repeats(path, CLIPS)
    shown = [made.scaled(pixels) for pixels in frames(path, made.CLIP_PICTURES)]
    with tempfile.TemporaryDirectory() as folder:
        yield from of_encodings(shown, Path(folder), made.KEY_EVERY[number % len(made.KEY_EVERY)])


def of_encodings(shown: Sequence[Levels], folder: Path, key_every: int) -> Iterator[Measurement]:
    """Yield the statistics of pictures encoded once, encoded twice, and with one of them held."""
    first = made.encoded(folder / "first.mp4", shown, "libx264", key_every, made.PLAIN["libx264"])
    again = [*frames(first, made.CLIP_PICTURES)]
    for codec, options in made.PLAIN.items():
        path = made.encoded(folder / "once.mp4", shown, codec, 250, options)
        yield from (repeats(path, ENCODED_ONCE), regularity(path, ENCODED_ONCE))
        path = made.encoded(folder / "twice.mp4", again, codec, 250, options)
        yield regularity(path, ENCODED_TWICE)
    for options in (made.PLAIN["libx264"], made.WITH_B_FRAMES["libx264"]):
        path = made.encoded(folder / "held.mp4", made.held(shown), "libx264", 250, options)
        yield repeats(path, HELD)


def repeats(path: Path, kind: str) -> Measurement:
    """Return frame-duplicates' statistic of a clip."""
    duplicates = frame_duplicates.examine(packets_of(path))
    return Measurement(frame_duplicates.NAME, kind, float(duplicates.longest))


def regularity(path: Path, kind: str) -> Measurement:
    """Return gop-structure's statistic of a clip."""
    trace = gop_structure.examine(packets_of(path)).trace
    return Measurement(gop_structure.NAME, kind, trace.strength if trace else 0.0)


def packets_of(path: Path) -> packets.Packets:
    """Return a clip's packets."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return packets.read(fd, MAX_MEGAPIXELS)
    finally:
        os.close(fd)


def rates(measurements: Sequence[Measurement]) -> dict[str, dict[str, list[Rate]]]:
    """Return the rates by method, those on untouched files under `real` and those on manipulations under `made`."""
    by_kind: dict[tuple[str, str], list[float]] = defaultdict(list)
    for measurement in measurements:
        by_kind[measurement.detector, measurement.kind].append(measurement.statistic)
    by_detector: dict[str, dict[str, list[Rate]]] = defaultdict(lambda: {"real": [], "made": []})
    for (detector, kind), statistics in by_kind.items():
        truth = "real" if kind in UNTOUCHED else "made"
        by_detector[detector][truth].append(counted(kind, statistics, THRESHOLDS[detector]))
    return dict(by_detector)
