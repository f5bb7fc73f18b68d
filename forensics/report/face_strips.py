"""Which pictures of faces a report shows, in which order, and the rule by which they were chosen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..evidence.thumbnails import FaceShot
from ..records import HeatMap, StoredFinding, TrackScore

MOST_PICTURES = 20  # of one face track
MOST_TRACKS = 8
LOWEST = 3
HIGHEST_WORD, LOWEST_WORD = "highest", "among the lowest"


@dataclass(frozen=True)
class StripFace:
    """A face in a sampled frame with its score there, its heat map or None, and its `mark`: highest, lowest or none."""

    shot: FaceShot
    score: float
    heat: HeatMap | None
    mark: str = ""


@dataclass(frozen=True)
class Strip:
    """The pictures of one face track in order of time, and the rule of their selection; a `mute` one decides nothing."""

    track: int
    faces: tuple[StripFace, ...]
    rule: str
    mute: bool = False

    @property
    def marked(self) -> tuple[StripFace, ...]:
        """The picture with the highest score and those with the lowest."""
        return tuple(face for face in self.faces if face.mark)


def deciding(findings: Sequence[StoredFinding]) -> StoredFinding | None:
    """Return the finding by whose scores pictures are chosen: the first that voted, else the first with scored frames."""
    scored = [finding for finding in findings if finding.evidence.frames]
    voted = [finding for finding in scored if finding.log10_lr is not None]
    return next(iter(voted or scored), None)


def strips(finding: StoredFinding, shots: Sequence[FaceShot]) -> list[Strip]:
    """Return a strip for each track of a finding that has pictures: those with a ratio first, then by score downwards."""
    tracks = sorted(finding.evidence.tracks, key=lambda track: (is_mute(track), -track.score))
    of_tracks = (replace(strip(finding, t.id, shots), mute=is_mute(t)) for t in tracks)
    return [pictured for pictured in of_tracks if pictured.faces]


def is_mute(track: TrackScore) -> bool:
    """Say whether a track has no ratio and so decides nothing."""
    return track.log10_lr is None


def strip(finding: StoredFinding, track: int, shots: Sequence[FaceShot]) -> Strip:
    """Return the strip of one track; pictures are matched with scores by their time, to the microsecond."""
    pictures = {round(shot.time_s, 6): shot for shot in shots if shot.track == track}
    frames = [frame for frame in finding.evidence.frames if frame.track == track]
    seen = [
        StripFace(pictures[round(frame.time_s, 6)], frame.score, frame.map)
        for frame in sorted(frames, key=lambda frame: frame.time_s)
        if round(frame.time_s, 6) in pictures
    ]
    marks = marked(seen)
    chosen = chosen_places(len(seen), set(marks))
    faces = tuple(replace(seen[i], mark=marks.get(i, "")) for i in chosen)
    return Strip(track, faces, rule(finding.detector, len(frames), len(seen), len(chosen)))


def marked(seen: Sequence[StripFace]) -> dict[int, str]:
    """Return the marks by place: the highest score, and up to three others that are the lowest; one alone has none."""
    order = sorted(range(len(seen)), key=lambda i: (seen[i].score, i))
    if len(order) < 2:
        return {}
    lowest = order[: min(LOWEST, len(order) - 1)]
    return {**dict.fromkeys(lowest, LOWEST_WORD), order[-1]: HIGHEST_WORD}


def chosen_places(count: int, always: set[int], most: int = MOST_PICTURES) -> list[int]:
    """Return which of so many pictures are shown: all, or those that always are and others evenly spread over the rest."""
    if count <= most:
        return list(range(count))
    others = [i for i in range(count) if i not in always]
    room = most - len(always)
    spread = {others[i * (len(others) - 1) // max(room - 1, 1)] for i in range(room)}
    return sorted(always | spread)


def rule(detector: str, scored: int, pictured: int, shown: int) -> str:
    """Return the sentences that state what is shown."""
    if scored == 1:
        return f"The one sampled picture of this face, with its score of {detector}."
    share = f"{shown} of the {scored}" if shown < scored else f"All {scored}"
    spread = " (those marked, and others evenly spread over the rest)" if shown < pictured else ""
    lowest = min(LOWEST, pictured - 1)
    marks = (
        f"the highest and the {f'{lowest} ' if lowest > 1 else ''}lowest" if lowest > 0 else "none"
    )
    return (
        f"{share} sampled pictures of this face in order of time{spread}. "
        f"Marked by the score of {detector}: {marks}."
    )


def with_maps(
    findings: Sequence[StoredFinding], shots: Sequence[FaceShot]
) -> Iterator[tuple[StoredFinding, list[Strip]]]:
    """Yield each finding that has heat maps, with its own strips; their marked pictures are shown with the map."""
    for finding in findings:
        if any(frame.map for frame in finding.evidence.frames):
            mapped = strips(finding, shots)
            if mapped:
                yield finding, mapped
