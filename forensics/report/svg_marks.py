"""SVG elements, and the marks that tell face tracks apart without colour."""

from collections.abc import Callable
from math import ceil

from markupsafe import Markup, escape

from ..escaping import finalize

COLOURS = ("#0072b2", "#d55e00", "#00795a", "#a3437a", "#6b5900", "#333333")
"""After Okabe and Ito (2008), told apart by the colour-blind; darkened to 4.5:1 on white for text and thin lines."""
DASHES = ("none", "6 3", "2 3", "9 3 2 3", "12 4")
RADIUS = 4.5
SHAPES = ("circle", "square", "triangle", "diamond", "cross", "turned")


def tag(element: str, *inside: object, **attributes: object) -> Markup:
    """Return an SVG element with everything in it escaped and visible but Markup; `class_` and `font_size` lose their underscores."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-") if name != "viewBox" else name}="{escape(finalize(short(value)))}"'
        for name, value in attributes.items()
        if value is not None
    )
    content = "".join(escape(finalize(part)) for part in inside)
    return Markup(f"<{element}{written}>{content}</{element}>")  # noqa: S704  its parts are escaped above


def short(value: object) -> object:
    """Return a number with one decimal, which is a tenth of a pixel; anything else as it is."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def colour(index: int) -> str:
    """Return the colour of the track at this place."""
    return COLOURS[index % len(COLOURS)]


def dash(index: int) -> str:
    """Return the dashes of the track at this place; five patterns and six marks repeat together after thirty."""
    return DASHES[index % len(DASHES)]


def mark(index: int, x: float, y: float, *, hollow: bool = False) -> Markup:
    """Return the mark of the track at this place, around a point; hollow for a track that decides nothing."""
    paint = {
        "fill": "none" if hollow else colour(index),
        "stroke": colour(index),
        "stroke_width": 1.5,
    }
    shape = SHAPES[index % len(SHAPES)]
    if shape == "circle":
        return tag("circle", cx=x, cy=y, r=RADIUS - 0.5, **paint)
    if shape == "cross":
        paint["fill"] = "none"
        paint["stroke_width"] = 1.5 if hollow else 2.5
    return tag("path", d=OUTLINES[shape](x, y, RADIUS), **paint)


def outline(*corners: tuple[float, float]) -> Callable[[float, float, float], str]:
    """Return what draws a closed shape with these corners, in units of its size."""

    def drawn(x: float, y: float, size: float) -> str:
        points = " L".join(f"{x + dx * size:.1f} {y + dy * size:.1f}" for dx, dy in corners)
        return f"M{points} Z"

    return drawn


def cross(x: float, y: float, size: float) -> str:
    """Return two strokes across a point."""
    left, right, top, bottom = x - size, x + size, y - size, y + size
    return (
        f"M{left:.1f} {top:.1f} L{right:.1f} {bottom:.1f} "
        f"M{left:.1f} {bottom:.1f} L{right:.1f} {top:.1f}"
    )


OUTLINES: dict[str, Callable[[float, float, float], str]] = {
    "square": outline((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)),
    "triangle": outline((0, -1.1), (1.05, 0.8), (-1.05, 0.8)),
    "turned": outline((0, 1.1), (1.05, -0.8), (-1.05, -0.8)),
    "diamond": outline((0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)),
    "cross": cross,
}


def nice_step(span: float, steps: tuple[float, ...], most: int) -> float:
    """Return the smallest of some steps of which at most `most` fit into a span, or a multiple of the largest."""
    for step in steps:
        if span / step <= most:
            return step
    return steps[-1] * ceil(span / steps[-1] / most)
