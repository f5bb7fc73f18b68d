"""The golden media: small files of each kind that has made a detector fail, rendered on the spot with known faces."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.frame import VideoFrame
from PIL import Image

from ..records import Box
from . import portrait

if TYPE_CHECKING:
    from ..records import Picture

FPS = 12
DARK = 0.06
WAVE_PX, WAVE_STEP_PX = 15, 6  # so large a movement outlasts any encoder
UNEVEN = (0, 1, 2, 7, 8, 9, 15, 16, 17, 25, 26, 27, 36, 37, 38, 50)  # 1/FPS s


@dataclass(frozen=True)
class Spot:
    """A face and shoulders in a picture: the upper left corner of the square, its side, mirrored or not."""

    left: int
    top: int
    side_px: int
    mirrored: bool = False

    @property
    def box(self) -> Box:
        """The face's box."""
        return portrait.box(self.left, self.top, self.side_px, mirrored=self.mirrored)


ONE = (Spot(150, 40, 300),)
TWO = (Spot(10, 40, 300), Spot(325, 50, 300, mirrored=True))


@dataclass(frozen=True)
class Golden:
    """One file of the kit. `stamps` are the frames' times in 1/FPS s; none makes a still. Size is that seen upright."""

    file: str
    spots: tuple[Spot, ...] = ONE
    width: int = 640
    height: int = 360
    stamps: tuple[int, ...] = tuple(range(2 * FPS))
    rotation: int = 0
    light: float = 1.0
    kept: float = 1.0

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Where the faces are, in every frame."""
        return tuple(spot.box for spot in self.spots)


GOLDEN: Mapping[str, Golden] = {
    "no_face": Golden("no_face.mp4", ()),
    "one_face": Golden("one_face.mp4"),
    "two_faces": Golden("two_faces.mp4", TWO),
    "one_frame": Golden("one_frame.mp4", stamps=(0,)),
    "truncated": Golden("truncated.mkv", kept=0.6),
    "variable_rate": Golden("variable_rate.mkv", stamps=UNEVEN),
    "rotated": Golden("rotated.mp4", (Spot(20, 150, 300),), 360, 640, rotation=90),
    "dark": Golden("dark.mp4", light=DARK),
    "still": Golden("still.png", stamps=()),
    "still_no_face": Golden("still_no_face.jpg", (), stamps=()),
    "still_4k": Golden("still_4k.jpg", (Spot(1100, 200, 1500),), 3840, 2160, stamps=()),
}


def write(name: str, folder: Path) -> Path:
    """Write one of `GOLDEN` into a folder, unless it is there; returns its path."""
    golden = GOLDEN[name]
    path = folder / golden.file
    if path.exists():
        return path
    if golden.stamps:
        render(path, golden)
    else:
        Image.fromarray(picture(golden, 0)).save(path)
    if golden.kept < 1:
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * golden.kept)])
    return path


def picture(golden: Golden, number: int) -> "Picture":
    """Paint a frame, (H, W, 3) RGB, upright: faces over a background of waves that move, with some grain."""
    rows = np.linspace(60, 140, golden.height, dtype=np.float32)[:, None, None]
    places = np.arange(golden.width, dtype=np.float32) + WAVE_STEP_PX * number
    columns = 20 * np.sin(places / WAVE_PX)[None, :, None]
    canvas = np.broadcast_to(rows + columns, (golden.height, golden.width, 3)).copy()
    for spot in golden.spots:
        place = slice(spot.top, spot.top + spot.side_px), slice(spot.left, spot.left + spot.side_px)
        face = portrait.face(spot.side_px, mirrored=spot.mirrored)
        canvas[place] = face[: golden.height - spot.top, : golden.width - spot.left]
    grain = np.random.default_rng(number).normal(0, 3, (golden.height, golden.width, 1))
    return np.asarray(np.clip((canvas + grain) * golden.light, 0, 255), np.uint8)


def render(path: Path, golden: Golden) -> None:
    """Encode a video; a rotated one is stored lying and carries the matrix that sets it upright."""
    quarter_turns = golden.rotation // 90
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=FPS)
        lying = quarter_turns % 2 == 1
        stream.width, stream.height = (
            (golden.height, golden.width) if lying else (golden.width, golden.height)
        )
        stream.pix_fmt = "yuv420p"
        stream.gop_size = FPS
        stream.codec_context.options = {"preset": "veryfast"}
        stream.codec_context.time_base = Fraction(1, FPS)
        if golden.rotation:
            stream.set_display_rotation(golden.rotation)
        for frame in frames(golden, quarter_turns):
            output.mux(stream.encode(frame))
        output.mux(stream.encode())


def frames(golden: Golden, quarter_turns: int) -> Iterator[VideoFrame]:
    """Yield the frames with their times, as they are stored."""
    for number, stamp in enumerate(golden.stamps):
        stored = np.ascontiguousarray(np.rot90(picture(golden, number), -quarter_turns))
        frame = VideoFrame.from_ndarray(stored, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = stamp, Fraction(1, FPS)
        yield frame
