"""A data set folder to face crops and an index: what is done stays done, whatever interrupts it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forensics.faces import FaceFinder
from forensics.settings import Settings

from ..data import Crop
from . import cutting
from .face_workers import Crew
from .layouts import archives, chosen, layout_of
from .layouts.video import Video
from .shards import Shards

EXAMPLES = 3


@dataclass(frozen=True)
class Order:
    """What to prepare, and into which folder. `only` are conditions KEY=PATTERN."""

    source: Path
    out: Path
    layout: str | None = None
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """How far it is: videos ended of all, and what became of the last one."""

    ended: int
    videos: int
    text: str


Follow = Callable[[Progress], None]


def prepare(order: Order, settings: Settings, follow: Follow) -> "Summary":
    """Cut the faces of a data set's videos; what an earlier call has done is not done again.

    An interruption by Ctrl-C writes the index of what there is, and goes on upwards.
    """
    layout = layout_of(order.source, order.layout)
    videos = chosen(layout.read(order.source) if layout.read else [], order.only)
    shards = Shards(order.out, terms(layout.name, order, settings))
    try:
        left = [video for video in videos if video.name not in shards.done]
        with Crew(settings) as crew:
            ended = len(videos) - len(left)
            follow(Progress(ended, len(videos), f"{layout.name}: {ended} were done before"))
            for number, cut in enumerate(crew.cut(left), ended + 1):
                shards.add(cut)
                what = cut.reason or f"{cut.video}: {len(cut.faces)} faces"
                follow(Progress(number, len(videos), what))
    finally:
        index = shards.write_index()
        shards.close()
    return summary(index, videos, shards)


def terms(layout: str, order: Order, settings: Settings) -> dict[str, Any]:
    """Return everything that decides what is cut, so that a folder holds no mixture."""
    return {
        "layout": layout,
        "only": list(order.only),
        "frames": settings.frames,
        "sampling": settings.sampling,
        "run_frames": settings.run_frames,
        "stride_s": settings.stride_s,
        "face_finder": FaceFinder("cpu").sha256,
        "crop": {"scale": cutting.SCALE, "shift": cutting.SHIFT, "margin": cutting.MARGIN},
        "px": cutting.STORED_PX,
        "quality": cutting.QUALITY,
    }


@dataclass(frozen=True)
class Summary:
    """What a folder holds: counts by data set and label, and why videos were skipped (code: example, count)."""

    index: Path
    videos: int
    crops: Counter[str]
    tracks: Counter[str]
    seen: Counter[str]
    skipped: Counter[str]
    examples: dict[str, list[str]]
    unknown: int

    def told(self) -> Iterator[str]:
        """Yield lines for people."""
        cut = sum(self.seen.values())
        yield f"{self.videos} videos: {cut} prepared, {self.skipped.total()} skipped"
        for kind in sorted(self.seen):
            yield (
                f"{kind}: {self.seen[kind]} videos, {self.tracks[kind]} tracks, {self.crops[kind]} faces"
            )
        for code, count in self.skipped.most_common():
            yield f"skipped, {code}: {count}; e.g. {'; '.join(self.examples[code])}"
        if self.unknown:
            yield (
                f"{self.unknown} videos with neither identity nor part: to be measured on, never trained on"
            )
        yield f"index: {self.index}"


def summary(index: Path, videos: list[Video], shards: Shards) -> Summary:
    """Count what the journal says of these videos."""
    known = {video.name: video for video in videos}
    crops, tracks, seen = Counter[str](), Counter[str](), Counter[str]()
    skipped, examples = Counter[str](), dict[str, list[str]]()
    for line in shards.lines():
        video = known.get(line["video"])
        if video is None:
            continue
        if line["code"]:
            skipped[line["code"]] += 1
            examples.setdefault(line["code"], []).append(line["reason"])
            del examples[line["code"]][EXAMPLES:]
            continue
        kind = f"{video.dataset} {video.label}"
        seen[kind] += 1
        crops[kind] += len(line["rows"])
        tracks[kind] += len({row[cutting.COLUMNS.index("track")] for row in line["rows"]})
    unknown = sum(video.part < 0 for video in videos)
    return Summary(index, len(videos), crops, tracks, seen, skipped, examples, unknown)


def check(source: Path, follow: Follow) -> Iterator[str]:
    """Read every crop of archives that are cut already, and yield a line for each index; nothing is copied."""
    for name, crops in archives.read(source).items():
        for number, crop in enumerate(crops, 1):
            crop.stored()
            follow(Progress(number, len(crops), name))
        yield counted(name, crops)


def counted(name: str, crops: list[Crop]) -> str:
    """Return one line about the crops of an index."""
    fakes = sum(crop.fake for crop in crops)
    originals = len({(crop.dataset, crop.original) for crop in crops})
    parts = len({crop.part for crop in crops if crop.part >= 0})
    unknown = sum(crop.part < 0 for crop in crops)
    return (
        f"{name}: {len(crops)} crops ({len(crops) - fakes} real, {fakes} fake) of {originals} source videos "
        f"in {parts} parts, {unknown} without a part; all can be read"
    )
