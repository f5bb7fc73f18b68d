"""A small timeline in text: one mark for each face in each sampled frame, its height the score, a line for each track.

Where a detector is calibrated the marks are cut into three zones at the thresholds, so that they say the same without
colours: low ones speak for `real`, middle ones for neither, high ones for `fake`. A frame's mark is on the scale that was
fitted for whole tracks: it shows where a track's score comes from, and is no result by itself.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from rich.text import Text

from ..analysis.fusion import label_of, log10_lr
from ..records import (
    Calibration,
    FrameScore,
    Provenance,
    RecordedSampling,
    StoredFinding,
    TrackScore,
)
from ..report import wording
from .common import STYLES, printed

BLOCKS, LETTERS = "▁▂▃▄▅▆▇█", "_.-=+*#@"  # low to high
LOW, MIDDLE, HIGH = 3, 2, 3  # how many of them each zone has
GAP = 2  # columns between runs of samples
APART = 1.5  # strides: samples further apart are of different runs
MOST_TRACKS = 8
SHORT_S = 60.0  # up to here times have tenths of a second
BLANK = " "

Cell = tuple[float, ...]  # the moments that one mark stands for; none is a gap


@dataclass(frozen=True)
class Scale:
    """How a raw score becomes a mark, 0 to 7, and its style; `legend` says what the marks stand for."""

    height: Callable[[float], int]
    style: Callable[[float], str]
    legend: str


def marks_of(encoding: str) -> str:
    """Return the marks, low to high: blocks, or letters where the encoding has no blocks."""
    try:
        BLOCKS.encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return LETTERS
    return BLOCKS


def timeline(
    finding: StoredFinding, provenance: Provenance, width: int, marks: str
) -> Iterator[Text]:
    """Yield the lines of a finding's timeline, at most `width` columns wide; none where only one moment was scored."""
    frames = finding.evidence.frames
    moments = sorted({*provenance.sampled_s, *(frame.time_s for frame in frames)})
    tracks = chosen(finding.evidence.tracks)
    if len({frame.time_s for frame in frames}) < 2 or not tracks:
        return
    scale = scale_of(finding, provenance.pipeline.calibrations.get(finding.detector), marks)
    names = [f"  track {track.id}  " for track in tracks]
    margin = max(len(name) for name in names)
    room = width - margin - max(len(track.label or "") for track in tracks) - GAP
    cells = fitted(runs(moments, provenance.pipeline.sampling, provenance.stride_s), room)
    most = max(len(cell) for cell in cells)
    pooled = f"; each mark is the highest of up to {most} frames" if most > 1 else ""
    yield Text(f"  {scale.legend}{pooled}")
    for name, track in zip(names, tracks, strict=True):
        yield track_line(name.ljust(margin), track, frames, cells, scale, marks)
    yield Text(BLANK * margin + clocks(cells), "dim")
    left = len(finding.evidence.tracks) - len(tracks)
    if left:
        yield Text(f"  and {left} more with lower scores", "dim")


def chosen(tracks: Sequence[TrackScore]) -> list[TrackScore]:
    """Return the tracks with the highest scores, as many as are shown, in the order they had."""
    highest = sorted(tracks, key=lambda track: -track.score)[:MOST_TRACKS]
    return [track for track in tracks if track in highest]


def scale_of(finding: StoredFinding, calibration: Calibration | None, marks: str) -> Scale:
    """Return the scale of a detector: by its thresholds, or by its own lowest and highest score where it has none."""
    if calibration:
        return calibrated(calibration, marks)
    scores = [frame.score for frame in finding.evidence.frames]
    low, high = min(scores), max(scores)
    legend = (
        f"{marks[0]} {low:.2f} to {marks[-1]} {high:.2f}: scores without calibration or thresholds"
    )
    return Scale(lambda score: place(score, low, high, len(marks)), lambda score: "", legend)


def calibrated(calibration: Calibration, marks: str) -> Scale:
    """Return the scale whose zones end at the thresholds."""
    real_at, fake_at = calibration.real_at, calibration.fake_at

    def height(score: float) -> int:
        ratio = log10_lr(score, calibration)
        if ratio >= fake_at:
            return LOW + MIDDLE + place(ratio, fake_at, calibration.cap_log10, HIGH)
        if ratio <= real_at:
            return place(ratio, -calibration.cap_log10, real_at, LOW)
        return LOW + place(ratio, real_at, fake_at, MIDDLE)

    low, middle, high = marks[:LOW], marks[LOW : LOW + MIDDLE], marks[LOW + MIDDLE :]
    return Scale(
        height,
        lambda score: STYLES[label_of(log10_lr(score, calibration), fake_at, real_at)],
        f"{low} real up to {real_at:.2f}   {middle} neither   {high} fake from {fake_at:.2f}   (log10 LR)",
    )


def place(value: float, low: float, high: float, count: int) -> int:
    """Return in which of `count` equal parts from `low` to `high` a value lies; the middle one if there is no length."""
    if high <= low:
        return count // 2
    return max(0, min(count - 1, int(count * (value - low) / (high - low))))


def runs(
    moments: Sequence[float], sampling: RecordedSampling, stride_s: float
) -> list[list[float]]:
    """Return the sampled moments, those in one list that were taken one soon after the other."""
    together = sampling.run_frames if sampling.sampling == "runs" else len(moments)
    near = [[moments[0]]]
    for before, moment in pairwise(moments):
        if moment - before > APART * stride_s or len(near[-1]) == together:
            near.append([])
        near[-1].append(moment)
    return near


def fitted(near: Sequence[Sequence[float]], room: int) -> list[Cell]:
    """Return a cell for each mark: with gaps between runs, without them, or with several moments in each."""
    spaced: list[Cell] = []
    for run in near:
        spaced += [() for _ in range(GAP if spaced else 0)]
        spaced += [(moment,) for moment in run]
    if len(spaced) <= room:
        return spaced
    flat = [moment for run in near for moment in run]
    size = ceil(len(flat) / max(room, 1))
    return [tuple(flat[start : start + size]) for start in range(0, len(flat), size)]


def track_line(
    name: str,
    track: TrackScore,
    frames: Sequence[FrameScore],
    cells: Sequence[Cell],
    scale: Scale,
    marks: str,
) -> Text:
    """Return a track's marks and its label; marks of a track that was not validated have no colour."""
    scores = {frame.time_s: frame.score for frame in frames if frame.track == track.id}
    line = Text(name)
    for cell in cells:
        seen = [scores[moment] for moment in cell if moment in scores]
        if not seen:
            line.append(BLANK)
            continue
        line.append(
            marks[scale.height(max(seen))],
            "dim" if track.log10_lr is None else scale.style(max(seen)),
        )
    label = track.label or ""
    return Text.assemble(line, BLANK * GAP, printed(label, STYLES.get(label, "")))


def clocks(cells: Sequence[Cell]) -> str:
    """Return the line below the marks: the time where a run begins, as far as there is room."""
    line, short = "", max(max(cell, default=0) for cell in cells) < SHORT_S
    for column, (before, cell) in enumerate(pairwise(((), *cells))):
        if cell and not before and len(line) < column + (not line):
            line = line.ljust(column) + (f"{cell[0]:.1f}s" if short else wording.clock(cell[0]))
    return line
