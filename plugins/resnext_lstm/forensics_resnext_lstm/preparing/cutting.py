"""One video to its face crops, by the same media, face and crop code as an analysis, with a margin to jitter in."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2

from forensics.errors import MediaError
from forensics.faces import CropGeometry, FaceFinder, crop
from forensics.media import opened
from forensics.plugins.toolkit import prefetch
from forensics.records import FacePatch, FaceTrack
from forensics.settings import Settings

from .layouts.video import Video

SCALE, SHIFT = 0.82, 0.10  # of a face crop on MTCNN's box, as the archives of DFDC crops are cut
MARGIN = 1.5  # side of the stored picture over the face crop's; they share their centre
STORED_PX = 256  # at most; no face is enlarged
QUALITY = 95
LEAST_FRAMES = 3  # of a track, where so many frames were decoded
AHEAD_FRAMES = 4
COLUMNS = (
    "file",
    "label",
    "original",
    "part",
    "dataset",
    "method",
    "identity",
    "split",
    "video",
    "track",
    "run",
    "time_s",
    "face_px",
    "x",
    "y",
    "margin",
)


@dataclass(frozen=True)
class Face:
    """A stored picture, JPEG, and its row of the index: the cells that COLUMNS names."""

    row: tuple[str, ...]
    jpeg: bytes


@dataclass(frozen=True)
class Cut:
    """What became of one video: its faces, or a code and a sentence that say why there are none."""

    video: str
    faces: tuple[Face, ...] = ()
    code: str = ""
    reason: str = ""


def cut(video: Video, settings: Settings, finder: FaceFinder) -> Cut:
    """Sample a video, find its faces, and cut them out. A file that can't be analysed is no error here."""
    try:
        with opened(str(video.path), settings) as media:
            info = media.probe("")
            sampling = media.sample(info, settings)
            tracks = finder.tracks(prefetch(sampling, AHEAD_FRAMES)).tracks
            decoded = sampling.coverage(0).frames_decoded
    except MediaError as error:
        return Cut(video.name, code=str(error.code), reason=str(error))
    least = min(LEAST_FRAMES, decoded)
    seen = [track for track in tracks if len(track.patches) >= least]
    faces = tuple(face for track in seen for face in faces_of(video, track))
    if not faces:
        reason = f"{video.name}: no face in {least} of {decoded} sampled frames"
        return Cut(video.name, code="no_face", reason=reason)
    return Cut(video.name, faces)


def faces_of(video: Video, track: FaceTrack) -> Iterator[Face]:
    """Yield the pictures of one track in order of time."""
    for number, patch in enumerate(track.patches):
        name = f"{video.name.lstrip('/')}/{track.id}-{number:03d}.jpg"
        yield Face(row(video, track.id, patch, name), stored(patch))


def stored(patch: FacePatch) -> bytes:
    """Return a face with its margin as JPEG, at its own size where that is smaller than 256 pixels."""
    scale = SCALE * MARGIN
    own_px = round(scale * max(patch.box[2:]) * patch.scale)
    picture = crop(patch, CropGeometry(scale, SHIFT / MARGIN, max(min(own_px, STORED_PX), 8)))
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    return bytes(cv2.imencode(".jpg", picture[..., ::-1], options)[1])


def row(video: Video, track: int, patch: FacePatch, name: str) -> tuple[str, ...]:
    """Return a picture's row of the index."""
    left, top, width, height = patch.box
    return (
        name,
        video.label,
        video.original,
        str(video.part),
        video.dataset,
        video.method,
        video.identity,
        video.split,
        video.name,
        str(track),
        str(patch.run),
        f"{patch.time_s:.4f}",
        f"{max(width, height):.1f}",
        f"{left + width / 2:.1f}",
        f"{top + height / 2:.1f}",
        f"{MARGIN:g}",
    )
