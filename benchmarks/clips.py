"""The clips that are measured: rendered once from a free portrait over a noisy background, and kept in the cache folder.

The face is NASA's portrait of Eileen Collins (scikit-image, public domain). Bit rates are those of web video.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
import platformdirs
from av.video.frame import VideoFrame

Picture = npt.NDArray[np.uint8]

FPS = 25
PAN_PX = 240  # how far the camera moves, and room for the noise to be shifted in
NOISE_FIELDS = 8
DRAWING = 2  # counts the changes to how scenes are painted


@dataclass(frozen=True)
class Scene:
    """What is rendered. Its movement comes back to its start, so that copies of it can follow each other."""

    name: str
    width: int
    height: int
    seconds: float
    bits_per_s: int
    seed: int = 0
    times: int = 1


SCENES = (
    Scene("13 s 720p", 1280, 720, 13, 2_500_000),
    Scene("13 s 1080p", 1920, 1080, 13, 5_000_000),
    Scene("10 min 1080p", 1920, 1080, 20, 4_000_000, times=30),
)
STILL = Scene("still 12 MP", 4000, 3000, 0, 0)
SHORT = tuple(Scene(f"short {n}", 1280, 720, 5 + n % 3, 2_500_000, seed=n + 1) for n in range(8))


def cache_dir() -> Path:
    """Return the folder in which rendered clips and filled databases are kept; made if it is not there."""
    folder = Path(platformdirs.user_cache_dir("forensics")) / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def clip(scene: Scene) -> Path:
    """Return a scene as a file, rendered if it is not in the cache."""
    if not scene.seconds:
        return still(scene)
    path = cached(scene, "mp4")
    if path.exists():
        return path
    once = path.with_suffix(".once.mp4")
    render(once, scene)
    if scene.times > 1:
        repeat(once, path, scene.times)
        once.unlink()
    else:
        once.rename(path)
    return path


def still(scene: Scene) -> Path:
    """Return a scene's first picture as a JPEG."""
    path = cached(scene, "jpg")
    if not path.exists():
        painter = Painter(scene)
        cv2.imwrite(str(path), painter.picture(0)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    return path


def cached(scene: Scene, ending: str) -> Path:
    """Return where a scene is kept; whatever decides its content is in the name."""
    parts = (scene.name, scene.seconds, scene.bits_per_s, scene.seed, scene.times, DRAWING)
    return cache_dir() / f"{'-'.join(map(str, parts)).replace(' ', '_')}.{ending}"


class Painter:
    """Paints the frames of a scene: a portrait swaying before a wall that the camera pans over, with a sensor's noise."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.chance = np.random.default_rng(scene.seed)
        size = scene.height + PAN_PX, scene.width + PAN_PX
        self.wall = wall(self.chance, *size)
        fields = NOISE_FIELDS if scene.seconds else 1
        self.noise = [self.chance.normal(0, 3, (*size, 1)).astype(np.int8) for _ in range(fields)]
        side = round(scene.height * 0.72)
        self.person = cv2.resize(portrait(), (side, side), interpolation=cv2.INTER_AREA)
        self.mask = soft_ellipse(side)

    def picture(self, number: int) -> Picture:
        """Return one frame, (H, W, 3) RGB."""
        height, width = self.scene.height, self.scene.width
        turn = 2 * np.pi * number / max(self.scene.seconds * FPS, 1)
        x = round(PAN_PX / 2 * (1 + np.sin(turn)))
        y = round(PAN_PX / 4 * (1 + np.sin(2 * turn)))
        frame = self.wall[y : y + height, x : x + width].copy()
        self.put_person(frame, turn)
        left, top = self.chance.integers(0, PAN_PX, 2)
        grain = self.noise[number % len(self.noise)][top : top + height, left : left + width]
        return np.asarray(np.clip(frame.astype(np.int16) + grain, 0, 255), np.uint8)

    def put_person(self, frame: Picture, turn: float) -> None:
        """Blend the portrait into a frame, somewhere near its middle."""
        side = len(self.person)
        height, width = frame.shape[:2]
        left = round((width - side) / 2 * (1 + 0.5 * np.sin(turn + self.scene.seed)))
        top = round((height - side) * (0.6 + 0.2 * np.sin(3 * turn)))
        place = frame[top : top + side, left : left + side]
        place[:] = (self.person * self.mask + place * (1 - self.mask)).astype(np.uint8)


def portrait() -> Picture:
    """Return the portrait, 512 x 512."""
    from skimage import data

    return np.asarray(data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]  # scikit-image has no types here


def wall(chance: np.random.Generator, height: int, width: int) -> Picture:
    """Return a picture with structure of every size; as in photographs, the smaller it is, the less it stands out.

    MTCNN takes about as long on it as on indoor recordings; much more texture looks like faces to its first network.
    """
    total = np.full((height, width, 3), 110, np.float32)
    for part, contrast in ((4, 26), (16, 13), (64, 6), (256, 2)):
        cell_px = max(height // part, 1)
        coarse = chance.normal(0, contrast, (height // cell_px + 2, width // cell_px + 2, 3))
        total += cv2.resize(coarse.astype(np.float32), (width, height))
    return np.clip(total, 0, 255).astype(np.uint8)


def soft_ellipse(side: int) -> npt.NDArray[np.float32]:
    """Return how much of the portrait shows where, (side, side, 1), 0 to 1."""
    mask = np.zeros((side, side), np.float32)
    cv2.ellipse(mask, (side // 2, side // 2), (side * 2 // 5, side * 9 // 20), 0, 0, 360, 1.0, -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), side / 40)[:, :, None], np.float32)


def render(path: Path, scene: Scene) -> None:
    """Encode a scene as H.264 with the encoder's usual distance of key frames, 250."""
    painter = Painter(scene)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = scene.width, scene.height, "yuv420p"
        stream.bit_rate = scene.bits_per_s
        stream.codec_context.options = {"preset": "faster"}
        for number in range(round(scene.seconds * FPS)):
            output.mux(stream.encode(VideoFrame.from_ndarray(painter.picture(number), "rgb24")))
        output.mux(stream.encode())


def repeat(source: Path, path: Path, times: int) -> None:
    """Write a clip several times over into one file, without encoding it again."""
    with av.open(str(path), "w") as output:
        written: Any = None
        for number in range(times):
            with av.open(str(source)) as opened:
                stream = opened.streams.video[0]
                written = written or output.add_stream_from_template(stream)
                for packet in opened.demux(stream):
                    if packet.pts is None or packet.dts is None:
                        continue
                    packet.pts += number * int(stream.duration or 0)
                    packet.dts += number * int(stream.duration or 0)
                    packet.stream = written
                    output.mux(packet)


def variants(paths: list[Path], folder: Path, mark: str) -> Iterator[Path]:
    """Copy clips so that their bytes differ and their pictures don't: the same bytes are analysed only once.

    What is appended is a box of MP4 that readers skip (ISO 14496-12, 8.1.2, `free`).
    """
    for number, path in enumerate(paths):
        text = f"{mark} {number} {os.urandom(8).hex()}".encode()
        box = (len(text) + 8).to_bytes(4, "big") + b"free" + text
        copy = folder / f"{mark}-{number}{path.suffix}"
        copy.write_bytes(path.read_bytes() + box)
        yield copy
