"""Maps and plots as small PNG pictures with a palette: evidence to look at, a few kilobytes each."""

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from forensics.records import Artifact

Numbers = npt.NDArray[np.float64]
Levels = npt.NDArray[np.uint8]

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]

MOST_BYTES = 60_000
MAP_PX = 512  # the longer side
PLOT_WIDTH, PLOT_HEIGHT, MARGIN = 720, 240, 24
WHITE, GREY, BLACK, BLUE, GREEN, RED = (
    (255, 255, 255),
    (170, 170, 170),
    (0, 0, 0),
    (50, 90, 180),
    (70, 150, 70),
    (210, 40, 40),
)
MARKS = (BLUE, RED)
SHADES = 32
# Blue below, white in the middle, red above: the sides of a ratio.
DIVERGING = [
    tuple(int(a + (b - a) * abs(t)) for a, b in zip(WHITE, BLUE if t < 0 else RED, strict=True))
    for t in np.linspace(-1, 1, SHADES)
]


def cells_of(box: Box, cell_px: int) -> Box:
    """Return a box of pixels in units of cells."""
    left, top, width, height = (side // cell_px for side in box)
    return left, top, width, height


def diverging(name: str, values: Numbers, most: float, box: Box | None) -> Artifact:
    """Draw values from -most (blue) to most (red), NaN black; the frame is `box` in units of the map's cells."""
    known = np.isfinite(values)
    shades = (np.where(known, values, 0.0) / most).clip(-1, 1) * (SHADES - 1) / 2 + (SHADES - 1) / 2
    levels = np.where(known, np.rint(shades), SHADES).astype(np.uint8)
    return drawn(name, levels, [*DIVERGING, BLACK], box)


def drawn(
    name: str, levels: Levels, palette: Sequence[tuple[int, ...]], box: Box | None
) -> Artifact:
    """Draw levels in their colours, enlarged or reduced to `MAP_PX`; the box gets a black and white frame."""
    height, width = levels.shape
    scale = MAP_PX / max(height, width)
    if scale > 1:
        scale = max(int(scale), 1)
    colours = [*palette, BLACK, WHITE]
    while True:
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        image = Image.fromarray(levels).resize(size, Image.Resampling.NEAREST)
        image.putpalette([part for colour in colours for part in colour])
        if box is not None:
            frame(image, [side * scale for side in box], len(palette))
        data = png(image)
        if len(data) <= MOST_BYTES or max(size) <= 64:
            return Artifact(name, "image/png", data)
        scale /= 2


def frame(image: Image.Image, box: Sequence[float], black: int) -> None:
    """Draw a frame around a box, in the two last colours of the palette."""
    left, top, width, height = box
    draw = ImageDraw.Draw(image)
    for out, colour in ((1, black), (2, black + 1)):
        corners = left - out, top - out, left + width - 1 + out, top + height - 1 + out
        draw.rectangle(corners, outline=colour)


def png(image: Image.Image) -> bytes:
    """Return a picture as PNG."""
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def bars(name: str, title: str, values: Numbers, colours: Sequence[Colour], foot: str) -> Artifact:
    """Draw a bar for each value from left to right, the largest as high as the plot; of many only the highest are seen."""
    image = Image.new("RGB", (PLOT_WIDTH, PLOT_HEIGHT), WHITE)
    draw = ImageDraw.Draw(image)
    draw.text((MARGIN, 4), title, fill=BLACK)
    draw.text((MARGIN, PLOT_HEIGHT - MARGIN + 9), foot, fill=BLACK)
    base, wide = PLOT_HEIGHT - MARGIN, PLOT_WIDTH - 2 * MARGIN
    step, tallest = wide / len(values), max(float(values.max()), 1e-9)
    for number in np.argsort(values, kind="stable"):  # the highest last: they stay visible
        left = MARGIN + number * step
        top = base - float(values[number]) / tallest * (base - MARGIN)
        corners = left, top, max(left + step - 1, left), base
        draw.rectangle(corners, fill=colours[number])
        if colours[number] in MARKS:  # however low the bar
            draw.rectangle(
                (left, base + 2, max(left + step - 1, left), base + 6), fill=colours[number]
            )
    draw.line((MARGIN, base, MARGIN + wide, base), fill=BLACK)
    return Artifact(name, "image/png", png(image.quantize(16)))
