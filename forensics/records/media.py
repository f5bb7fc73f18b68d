"""What stages hand on of a file: its description, sampled frames, faces, and what a detector is given."""

from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from .sound import Sound

    Picture = npt.NDArray[np.uint8]

Box = tuple[float, float, float, float]


class MediaKind(StrEnum):
    """What a file holds."""

    VIDEO = "video"
    STILL = "still"


class Need(StrEnum):
    """What a detector works on; the stages that nobody needs are not run."""

    FACES = "faces"
    FRAMES = "frames"
    AUDIO = "audio"
    FILE = "file"


@dataclass(frozen=True)
class Passage:
    """The part of a video that was asked for; None is its start or end."""

    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True)
class MediaInfo:
    """What a file is, from its bytes and headers. Width and height are upright; None is unknown."""

    sha256: str
    size_bytes: int
    kind: MediaKind
    container: str
    codec: str
    width: int
    height: int
    duration_s: float | None = None
    fps: float | None = None


@dataclass(frozen=True)
class Frame:
    """One sampled frame. Frames of one `run` follow each other closely in one shot or across a cut."""

    run: int
    time_s: float
    pixels: "Picture"


@dataclass(frozen=True)
class Coverage:
    """How much of a file was seen. An altered passage shorter than `max_gap_s` may not have been.

    `shots` counts the shots that the samples were seen to fall into; there may be more.
    """

    duration_s: float | None
    frames_asked: int
    frames_decoded: int
    frames_with_face: int
    shots: int
    max_gap_s: float | None
    decode_errors: int


@dataclass(frozen=True)
class FacePatch:
    """A face and its surroundings cut out of one frame.

    `pixels` is a square region around the face, scaled by `scale` (1 or less) when it was large;
    `box` is the face in the frame; `origin` is the region's top left corner in the frame.
    """

    run: int
    time_s: float
    box: Box
    origin: tuple[float, float]
    scale: float
    probability: float
    pixels: "Picture"


@dataclass(frozen=True)
class FaceTrack:
    """One person's face over time, oldest first, never across a cut; `blur` and `dark` as in TrackScore."""

    id: int
    patches: tuple[FacePatch, ...]
    blur: float | None = None
    dark: float | None = None

    @property
    def first_s(self) -> float:
        """Time of the first sampled frame with this face."""
        return self.patches[0].time_s

    @property
    def last_s(self) -> float:
        """Time of the last sampled frame with this face."""
        return self.patches[-1].time_s

    @property
    def median_face_px(self) -> float:
        """Median of the longer side of the face box."""
        return median(max(patch.box[2], patch.box[3]) for patch in self.patches)


@dataclass(frozen=True)
class Sample:
    """What a detector is given. `frames` is empty unless a detector needs frames; likewise `tracks` and `sound`.

    `fd` is a descriptor of the file, open for reading; whoever reads it uses `os.pread` or `/proc/self/fd`.
    """

    info: MediaInfo
    frames: tuple[Frame, ...]
    tracks: tuple[FaceTrack, ...]
    coverage: Coverage
    fd: int
    sound: "Sound | None" = None
