"""How the figures hold on worse material: altered pictures, a platform's re-encoding, small faces."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import cv2
import numpy as np
from av.error import FFmpegError

from forensics.records import FacePatch, FaceTrack, Finding, Sample
from forensics.settings import Settings
from forensics.weights import WeightsEntry

from ..detector import SequenceDetector
from ..training.augment import Image, recompress
from .cases import FAILED, Known, Trial

Alteration = Callable[[Image, float], Image]  # picture, and the side of the crop in its pixels

BLUR = 0.01  # deviation, as a share of the crop's side: 2.2 of 224 pixels
NOISE = 10.0  # deviation, of 255
GAIN = 0.35
FACE_PX = ((32, 64), (64, 128), (128, None))


def blurred(picture: Image, side_px: float) -> Image:
    """Blur by a Gaussian of 1 % of the crop's side."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), BLUR * side_px), np.uint8)


def shrunk(picture: Image, side_px: float, to_px: float) -> Image:
    """Shrink so that the crop is `to_px` wide, and enlarge again; a smaller one stays."""
    height, width = picture.shape[:2]
    factor = to_px / side_px
    if factor >= 1:
        return picture
    size = max(round(width * factor), 1), max(round(height * factor), 1)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def noisy(picture: Image, side_px: float) -> Image:
    """Add Gaussian noise of deviation 10, the same to the same picture."""
    rng = np.random.default_rng(int(picture.sum()))
    noise = rng.standard_normal(picture.shape, np.float32) * NOISE
    return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)


def darkened(picture: Image, side_px: float) -> Image:
    """Leave 35 % of the light."""
    return np.asarray(picture * GAIN, np.uint8)


def jpeg(picture: Image, side_px: float, quality: int) -> Image:
    """Encode as JPEG and decode."""
    return recompress(picture, quality)


def halved(picture: Image, side_px: float) -> Image:
    """Shrink to half and enlarge again."""
    return shrunk(picture, side_px, side_px / 2)


ALTERATIONS: Mapping[str, Alteration] = {
    "JPEG 70": partial(jpeg, quality=70),
    "JPEG 50": partial(jpeg, quality=50),
    "JPEG 30": partial(jpeg, quality=30),
    "blur": blurred,
    "half size": halved,
    "noise": noisy,
    "dark": darkened,
}


def for_crops(entry: WeightsEntry) -> dict[str, Callable[[Image], Image]]:
    """Return the alterations of whole crops; faces of 96 and 48 pixels among them, as crops are stored large."""
    faces = {f"face of {px} px": partial(shrunk, to_px=px * entry.crop.scale) for px in (96, 48)}
    every: dict[str, Alteration] = {**ALTERATIONS, **faces}
    return {name: partial(whole, alteration=alteration) for name, alteration in every.items()}


def whole(picture: Image, alteration: Alteration) -> Image:
    """Alter a picture that is the crop itself."""
    return alteration(picture, max(picture.shape[:2]))


class AlteredDetector(SequenceDetector):
    """The detector on altered faces. They were found in frames as they are, so that the same ones are compared."""

    def __init__(
        self, entry: WeightsEntry, settings: Settings, words: str, alteration: Alteration
    ) -> None:
        super().__init__(entry, settings)
        self.words, self.alteration = words, alteration

    @property
    def name(self) -> str:
        """The entry's name, and what is altered."""
        return f"{self.entry.name}, {self.words}"

    def examine(self, sample: Sample) -> Finding:
        """Score every face track, altered."""
        return super().examine(replace(sample, tracks=tuple(map(self.altered, sample.tracks))))

    def altered(self, track: FaceTrack) -> FaceTrack:
        """Return a track of altered patches."""
        return replace(track, patches=tuple(map(self.altered_patch, track.patches)))

    def altered_patch(self, patch: FacePatch) -> FacePatch:
        """Return an altered patch."""
        side_px = self.geometry.scale * max(patch.box[2:]) * patch.scale
        return replace(patch, pixels=self.alteration(patch.pixels, side_px))


def for_videos(
    entries: Sequence[WeightsEntry], settings: Settings
) -> dict[str, list[SequenceDetector]]:
    """Return the entries' detectors under each alteration."""
    return {
        words: [AlteredDetector(entry, settings, words, alteration) for entry in entries]
        for words, alteration in ALTERATIONS.items()
    }


@dataclass(frozen=True)
class Encoding:
    """One step of a platform's chain: H.264 with the shorter side at `short_px` at most."""

    short_px: int
    crf: int


CHAINS: Mapping[str, tuple[Encoding, ...]] = {
    "480p crf 32": (Encoding(480, 32),),
    "360p crf 38": (Encoding(360, 38),),
    "480p crf 32, twice": (Encoding(480, 32), Encoding(480, 32)),
}


@contextmanager
def encoded(
    known: Sequence[Known], folder: Path, chain: Sequence[Encoding]
) -> Iterator[tuple[Path, list[Known], list[Trial]]]:
    """Give a temporary folder of the videos after a chain, which they are, and a failed trial of each that is not."""
    with TemporaryDirectory(prefix="forensics-") as name:
        target, done, failed = Path(name), list[Known](), list[Trial]()
        for number, one in enumerate(known):
            file = f"{number}-{Path(one.file).stem}.mp4"
            try:
                run_chain(folder / one.file, target / file, chain)
                done.append(replace(one, file=file))
            except (OSError, FFmpegError) as error:
                failed.append(Trial(one, FAILED, error=f"can't be encoded again: {error}"))
        yield target, done, failed


def run_chain(source: Path, target: Path, chain: Sequence[Encoding]) -> None:
    """Encode a video again, step after step; raises OSError or FFmpegError where it can't be decoded."""
    for step in chain:
        half = target.with_suffix(".part.mp4")
        transcode(source, half, step)
        half.replace(target)
        source = target


def transcode(source: Path, target: Path, to: Encoding) -> None:
    """Encode the first video stream of a file as H.264, without sound."""
    with av.open(str(source)) as taken, av.open(str(target), "w") as given:
        stream = taken.streams.video[0]
        width, height = scaled(stream.width, stream.height, to.short_px)
        made = given.add_stream("libx264", rate=stream.average_rate or 25)
        made.width, made.height, made.pix_fmt = width, height, "yuv420p"
        made.options = {"crf": str(to.crf), "preset": "veryfast"}
        turned = False
        for frame in taken.decode(stream):
            if not turned and frame.rotation:
                made.set_display_rotation(frame.rotation)
            turned = True
            given.mux(made.encode(frame.reformat(width, height, "yuv420p")))
        given.mux(made.encode())


def scaled(width: int, height: int, short_px: int) -> tuple[int, int]:
    """Return an even size with the shorter side at `short_px` at most."""
    factor = min(1.0, short_px / min(width, height))
    return max(round(width * factor / 2) * 2, 2), max(round(height * factor / 2) * 2, 2)


def by_face_px(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    """Return the scored trials by the size of the face that decided, in pixels of the file; nothing where none is known."""
    sized = [(trial, trial.face_px) for trial in trials if trial.face_px is not None]
    return {
        f"face {low}-{high} px" if high else f"face over {low} px": [
            trial for trial, px in sized if low <= px < (high or float("inf"))
        ]
        for low, high in (FACE_PX if sized else ())
    }
