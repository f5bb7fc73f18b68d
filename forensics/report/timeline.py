"""The scores of a detector over time as an inline SVG: one mark for each face in each sampled frame.

Made on the server, without script or style sheet: presentation attributes only, so that it stands in any page under
any content security policy. Tracks differ by mark and dash, not by colour alone; text and axes take the page's colour.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from ..analysis.fusion import LN10
from ..records import Calibration, StoredFinding, StoredVerdict, TrackScore
from . import wording
from .axes import (
    AXIS_HEIGHT,
    INSET_PX,
    LEFT,
    PLOT_HEIGHT,
    RIGHT,
    TOP,
    WIDTH,
    Scale,
    across,
    score_axis,
    score_scale,
    time_axis,
    time_scale,
)
from .svg_marks import RADIUS, colour, dash, mark, tag

Link = Callable[[float, int], str]

LEGEND_LINE, FONT_PX = 20, 14
DOTTED: dict[str, object] = {
    "stroke": "currentColor",
    "stroke_width": 1.5,
    "stroke_dasharray": "1 3",
}
JOIN_STRIDES = 1.75  # samples further apart than so many strides are not joined


@dataclass(frozen=True)
class Curve:
    """One face track: its place among the tracks, its score and its samples (time, score), oldest first."""

    index: int
    track: TrackScore
    samples: tuple[tuple[float, float], ...]

    @property
    def scores(self) -> list[float]:
        """Return the scores of its samples and its own."""
        return [*(score for _, score in self.samples), self.track.score]

    @property
    def is_hollow(self) -> bool:
        """Say whether it decides nothing, because it has no calibrated ratio."""
        return self.track.log10_lr is None


@dataclass(frozen=True)
class Point:
    """A sample and where its mark stands."""

    time_s: float
    score: float
    x: float
    y: float


@dataclass(frozen=True)
class Threshold:
    """The raw score at which a label begins."""

    label: str
    score: float


def timelines(
    verdict: StoredVerdict, key: str = "timeline", link: Link | None = None
) -> dict[str, Markup]:
    """Return the plot of every detector that scored faces, by its name.

    `key` begins the ids in them: give each verdict of a page another. `link` makes every mark a link: it is given the
    time in seconds and the track.
    """
    scored = [finding for finding in verdict.findings if finding.evidence.frames]
    return {
        finding.detector: timeline_svg(
            finding,
            calibration_of(verdict, finding.detector),
            duration_s=verdict.media.duration_s,
            sampled_s=verdict.provenance.sampled_s,
            stride_s=verdict.provenance.stride_s,
            key=f"{key}-{place}",
            link=link,
        )
        for place, finding in enumerate(scored, 1)
    }


def calibration_of(verdict: StoredVerdict, detector: str) -> Calibration | None:
    """Return a detector's calibration if it holds for this kind of media, else None."""
    calibration = verdict.provenance.pipeline.calibrations.get(detector)
    return calibration if calibration and verdict.media.kind in calibration.kinds else None


def timeline_svg(
    finding: StoredFinding,
    calibration: Calibration | None,
    *,
    duration_s: float | None = None,
    sampled_s: Sequence[float] = (),
    stride_s: float = 0.2,
    key: str = "timeline",
    link: Link | None = None,
) -> Markup:
    """Return one detector's scores by track over time, with the sampled moments as ticks and the thresholds as lines.

    `calibration` gives the thresholds `real_at` and `fake_at`; without it there are none. `duration_s` is None for a
    still, `sampled_s` has every sampled moment, those without a face too.
    """
    curves = curves_of(finding)
    lines = thresholds(calibration)
    moments = [duration_s or 0.0, *sampled_s, *(t for c in curves for t, _ in c.samples)]
    x = time_scale(moments)
    y = score_scale([line.score for line in lines] + [s for c in curves for s in c.scores])
    below = TOP + PLOT_HEIGHT + AXIS_HEIGHT
    parts = [
        tag("title", f"Scores of {finding.detector} over time", id=f"{key}-title"),
        tag("desc", " ".join(described(curves, lines, sampled_s)), id=f"{key}-desc"),
        *score_axis(y),
        *time_axis(x, sampled_s, still=max(moments) <= 0),
        *(threshold_line(line, y) for line in lines),
    ]
    for curve in curves:
        aside_px = aside(curve, len(curves), x, stride_s)
        points = [Point(t, score, x(t) + aside_px, y(score)) for t, score in curve.samples]
        parts += curve_lines(curve, points, stride_s)
        parts += curve_marks(curve, points, link)
        parts.append(legend_line(curve, below))
    parts += legend_of(lines, below + LEGEND_LINE * len(curves))
    return tag(
        "svg",
        *parts,
        class_="timeline",
        viewBox=f"0 0 {WIDTH} {below + LEGEND_LINE * (len(curves) + bool(lines))}",
        width="100%",
        role="group" if link else "img",
        aria_labelledby=f"{key}-title {key}-desc",
        font_family="Liberation Sans, Arial, Helvetica, sans-serif",
        font_size=FONT_PX,
        fill="currentColor",
    )


def curves_of(finding: StoredFinding) -> list[Curve]:
    """Return the finding's tracks with their samples; a track without samples has none to draw and is left out."""
    samples: dict[int, list[tuple[float, float]]] = {}
    for frame in finding.evidence.frames:
        samples.setdefault(frame.track, []).append((frame.time_s, frame.score))
    tracks = [track for track in finding.evidence.tracks if track.id in samples]
    return [Curve(i, track, tuple(sorted(samples[track.id]))) for i, track in enumerate(tracks)]


def thresholds(calibration: Calibration | None) -> list[Threshold]:
    """Return the raw scores at which the calibration's ratio reaches its thresholds."""
    if not calibration or not calibration.slope:
        return []
    return [
        Threshold(label, (ratio * LN10 - calibration.intercept) / calibration.slope)
        for label, ratio in (("fake", calibration.fake_at), ("real", calibration.real_at))
    ]


def threshold_line(line: Threshold, y: Scale) -> Markup:
    """Return a threshold with its label beside it, on the side where that is said."""
    at = y(line.score)
    return tag(
        "g",
        tag("line", **across(at), **DOTTED),
        tag("text", line.label, x=WIDTH - RIGHT + 4, y=at - 3 if line.label == "fake" else at + 12),
        class_=f"threshold {line.label}",
    )


def aside(curve: Curve, count: int, x: Scale, stride_s: float) -> float:
    """Return how far aside a track's marks stand, so that where moments are dense each track can be seen."""
    if x.low == 0 and x(stride_s) - x(0) > 2 * RADIUS:
        return 0
    return (curve.index - (count - 1) / 2) * min(2.2 * RADIUS, 2 * INSET_PX / count)


def curve_lines(curve: Curve, points: list[Point], stride_s: float) -> list[Markup]:
    """Return the lines between samples that follow each other closely; nothing was seen between others."""
    return [
        tag(
            "line",
            x1=before.x,
            y1=before.y,
            x2=after.x,
            y2=after.y,
            stroke=colour(curve.index),
            stroke_dasharray=dash(curve.index),
        )
        for before, after in pairwise(points)
        if after.time_s - before.time_s <= JOIN_STRIDES * stride_s
    ]


def curve_marks(curve: Curve, points: list[Point], link: Link | None) -> list[Markup]:
    """Return a mark for each sample, with its time and score as a tooltip."""
    track = curve.track.id
    marks = []
    for at in points:
        when = f"{wording.clock(at.time_s)} ({at.time_s:.2f} s)"
        title = f"Face track {track}, {when}: score {at.score:.2f}"
        drawn = tag(
            "g",
            tag("title", title),
            mark(curve.index, at.x, at.y, hollow=curve.is_hollow),
            class_="sample",
            data_time=f"{at.time_s:.6f}",
            data_track=track,
        )
        href = link(at.time_s, track) if link else None
        marks.append(tag("a", drawn, href=href, aria_label=title) if href else drawn)
    return marks


def legend_of(lines: list[Threshold], top: float) -> list[Markup]:
    """Return the line that says what the thresholds are, or nothing."""
    if not lines:
        return []
    at = top + LEGEND_LINE * 0.6
    scores = {line.label: f"{line.score:.2f}" for line in lines}
    text = f"Thresholds: fake from {scores['fake']} up, real to {scores['real']}"
    return [
        tag("line", x1=LEFT - 30, x2=LEFT + 2, y1=at, y2=at, **DOTTED),
        tag("text", text, x=LEFT + 12, y=at + 4.5),
    ]


def legend_line(curve: Curve, top: float) -> Markup:
    """Return a track's mark with what the track is."""
    at = top + LEGEND_LINE * (curve.index + 0.6)
    return tag(
        "g",
        tag(
            "line",
            x1=LEFT - 30,
            x2=LEFT + 2,
            y1=at,
            y2=at,
            stroke=colour(curve.index),
            stroke_dasharray=dash(curve.index),
        ),
        mark(curve.index, LEFT - 14, at, hollow=curve.is_hollow),
        tag("text", summary(curve), x=LEFT + 12, y=at + 4.5),
    )


def summary(curve: Curve) -> str:
    """Return what a track is, in a line."""
    track = curve.track
    seen = "" if len(curve.samples) == 1 else f", {len(curve.samples)} samples"
    text = f"Face track {track.id}{seen}: score {track.score:.2f}"
    return f"{text} (hollow: decides nothing)" if curve.is_hollow else text


def described(curves: list[Curve], lines: list[Threshold], sampled_s: Sequence[float]) -> list[str]:
    """Return the plot in sentences, for whoever does not see it."""
    sentences = [f"{len(sampled_s)} sampled moments." if sampled_s else ""]
    for curve in curves:
        scores = [score for _, score in curve.samples]
        first, last = wording.clock(curve.track.first_s), wording.clock(curve.track.last_s)
        when = first if first == last else f"{first}-{last}"
        sentences.append(f"{summary(curve)}, {when}, from {min(scores):.2f} to {max(scores):.2f}.")
    sentences += [f"Threshold of {line.label}: {line.score:.2f}." for line in lines]
    return [sentence for sentence in sentences if sentence]
