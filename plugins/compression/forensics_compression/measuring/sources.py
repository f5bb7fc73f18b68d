"""The material: files in folders that are taken to be unmanipulated, and the pictures that clips hold."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame
from PIL import Image

from ..plots import Levels

VIDEO_ENDINGS = {".avi", ".mkv", ".mov", ".mp4", ".webm"}
STILL_ENDINGS = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff"}
LEAST_PX = 256  # of a picture that is manipulated: a piece of it must still show something


@dataclass(frozen=True)
class Material:
    """JPEG files as they are, pictures without a JPEG's traces, and clips; each in the order of its name."""

    jpegs: tuple[Path, ...]
    pictures: tuple[Path, ...]
    clips: tuple[Path, ...]


def gathered(folders: Iterable[Path]) -> Material:
    """Return what lies in folders and below."""
    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    stills = [path for path in paths if path.suffix.lower() in STILL_ENDINGS]
    jpegs = tuple(path for path in stills if is_jpeg(path))
    others = tuple(path for path in stills if path not in set(jpegs))
    clips = tuple(path for path in paths if path.suffix.lower() in VIDEO_ENDINGS)
    return Material(jpegs, others, clips)


def is_jpeg(path: Path) -> bool:
    """Say whether a file begins as a JPEG does."""
    with path.open("rb") as file:
        return file.read(3) == b"\xff\xd8\xff"


def pictures(material: Material, per_clip: int) -> Iterator[Levels]:
    """Yield the pictures (H, W, 3) of lossless files, then some of each clip, spread over it."""
    for path in material.pictures:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
        if min(pixels.shape[:2]) >= LEAST_PX:
            yield pixels
    for path in material.clips:
        count = coded(path)
        wanted = {int((n + 0.5) * count / per_clip) for n in range(per_clip)}
        for number, frame in enumerate(islice(decoded(path), max(wanted) + 1)):
            if number in wanted:
                yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def frames(path: Path, most: int) -> Iterator[Levels]:
    """Yield a clip's first pictures, (H, W, 3)."""
    for frame in islice(decoded(path), most):
        yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def coded(path: Path) -> int:
    """Return how many pictures a clip has, without decoding them."""
    try:
        with av.open(str(path)) as container:
            return sum(packet.size > 0 for packet in container.demux(video=0))
    except FFmpegError:
        return 0


def decoded(path: Path) -> Iterator[VideoFrame]:
    """Yield a clip's frames, as far as it can be decoded."""
    try:
        with av.open(str(path)) as container:
            yield from container.decode(video=0)
    except FFmpegError:
        return
