"""A golden file as a detector is given it: decoded as in an analysis, its face tracks cut where the faces are known to be."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..faces import cut_patch
from ..hookspecs import Detector
from ..media import opened
from ..records import FaceTrack, Frame, Need, Passage, Sample
from ..settings import Settings
from .media import GOLDEN, write


@contextmanager
def sampled(name: str, folder: Path, settings: Settings | None = None) -> Iterator[Sample]:
    """Give the Sample of one of `GOLDEN`; its descriptor is open until the end. The file is written if it is not there."""
    path = write(name, folder)
    settings = settings or Settings()
    with opened(str(path), settings) as media:
        info = media.probe(media.sha256())
        sampling = media.sample(info, settings)
        frames = tuple(sampling)
        tracks = tracks_in(name, frames)
        coverage = sampling.coverage(len(frames) if tracks else 0)
        sound = media.sound(info, Passage())
        yield Sample(info, frames, tracks, coverage, media.fd, sound)


def tracks_in(name: str, frames: Sequence[Frame]) -> tuple[FaceTrack, ...]:
    """Return one track for each face of a golden file, numbered from 1, from left to right."""
    from ..faces import judged

    return tuple(
        judged(FaceTrack(number, tuple(cut_patch(frame, box, 1.0) for frame in frames)))
        for number, box in enumerate(GOLDEN[name].boxes, 1)
    )


def given(sample: Sample, detector: Detector) -> Sample:
    """Return what a detector is sure to be given: the frames and tracks that it says it needs, and no others."""
    return replace(
        sample,
        frames=sample.frames if Need.FRAMES in detector.needs else (),
        tracks=sample.tracks if Need.FACES in detector.needs else (),
        sound=sample.sound if Need.AUDIO in detector.needs else None,
    )
