"""Linking faces from frame to frame into tracks: by overlap of boxes, never across a cut."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..media.shot_change import Colours, has_changed
from ..records import Box, FacePatch, FaceTrack

SAME_FACE = 0.3
SAME_FACE_LATER = 0.5  # from run to run, where seconds have passed


def overlap(a: Box, b: Box) -> float:
    """Return the intersection of two boxes over their union, 0 to 1."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    union = a[2] * a[3] + b[2] * b[3] - common
    return common / union if union > 0 else 0.0


@dataclass
class Linker:
    """Takes the faces of one frame after the other; `tracks` are finished at any time.

    A face goes on in the track whose last box it overlaps most. A change of picture as at a cut ends all tracks;
    from one run to the next, a track goes on only when the picture looks the same and the boxes overlap well.
    """

    begun_tracks: list[list[FacePatch]] = field(default_factory=list)
    live: list[list[FacePatch]] = field(default_factory=list)
    before: Colours | None = None
    run: int = -1

    def add(self, run: int, looks: Colours, faces: Iterable[FacePatch]) -> None:
        """Link the faces of the next frame."""
        if self.before is None or has_changed(self.before, looks):
            self.live = []
        least = SAME_FACE if run == self.run else SAME_FACE_LATER
        self.link(list(faces), least)
        self.before, self.run = looks, run

    def link(self, faces: list[FacePatch], least: float) -> None:
        """Give each face the track it overlaps best, best pairs first; the others begin tracks."""
        pairs = [
            (overlap(track[-1].box, face.box), t, f)
            for t, track in enumerate(self.live)
            for f, face in enumerate(faces)
        ]
        taken_t: set[int] = set()
        taken_f: set[int] = set()
        for score, t, f in sorted(pairs, key=lambda pair: -pair[0]):
            if score >= least and t not in taken_t and f not in taken_f:
                self.live[t].append(faces[f])
                taken_t.add(t)
                taken_f.add(f)
        begun = [[face] for f, face in enumerate(faces) if f not in taken_f]
        self.live += begun
        self.begun_tracks += begun

    @property
    def tracks(self) -> tuple[FaceTrack, ...]:
        """The tracks so far, numbered from 1 by first time, then from left to right."""
        ordered = sorted(self.begun_tracks, key=lambda track: (track[0].time_s, track[0].box[0]))
        return tuple(FaceTrack(number, tuple(track)) for number, track in enumerate(ordered, 1))
