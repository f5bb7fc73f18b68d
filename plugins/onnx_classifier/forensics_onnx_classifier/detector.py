"""The detector that a card becomes: faces or frames in batches through the model, pooled to one score."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from functools import cached_property
from importlib.metadata import version
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from forensics.analysis import is_validated
from forensics.records import (
    Calibration,
    Evidence,
    FacePatch,
    FaceTrack,
    Finding,
    Frame,
    FrameScore,
    MediaKind,
    Need,
    Outcome,
    Sample,
    TrackScore,
)
from forensics.settings import Settings
from forensics.weights import toml_value

from . import __version__
from .cards import PREFIX, Card, Of
from .pictures import Picture, batch, face, whole
from .scores import log_odds, pool

if TYPE_CHECKING:
    from .model import Model

T = TypeVar("T")
Floats = npt.NDArray[np.float64]

LEAST_FRAMES = 3  # of a face, for a video's score while no calibration says otherwise


class CardDetector:
    """A `forensics.hookspecs.Detector` for one card. Its model is loaded when there is something to look at."""

    version = __version__

    def __init__(self, card: Card, settings: Settings) -> None:
        self.card, self.settings = card, settings

    @property
    def name(self) -> str:
        """The card's name after `onnx-`, so that no card takes another plugin's."""
        return PREFIX + self.card.name

    @property
    def licence(self) -> str:
        """The terms of this code and of the model."""
        return f"MIT (code), {self.card.licence} (weights)"

    @property
    def permitted_use(self) -> str:
        """What the model may be used for."""
        return self.card.permitted_use

    @property
    def weights(self) -> str | None:
        """SHA-256 of the ONNX file."""
        return self.card.sha256

    @property
    def examines(self) -> tuple[str, ...]:
        """What the card says that the model looks for."""
        return self.card.examines

    @property
    def needs(self) -> frozenset[Need]:
        """Faces or frames."""
        return frozenset({Need.FACES if self.card.view.of is Of.FACE else Need.FRAMES})

    @property
    def kinds(self) -> frozenset[MediaKind]:
        """The media that the card takes."""
        return frozenset(self.card.kinds)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the card says of input, output, view and pooling, and what it computes on."""
        card = self.card
        values = {
            "input": asdict(card.input),
            "output": asdict(card.output),
            "view": asdict(card.view),
            "pooling": asdict(card.pooling),
            "device": f"cpu, onnxruntime {version('onnxruntime')}",
        }
        return {key: toml_value(value) for key, value in values.items()}

    @property
    def calibration(self) -> Calibration | None:
        """The card's calibration."""
        return self.card.calibration

    @cached_property
    def model(self) -> "Model":
        """The network. Raises WeightsError when the file is not what the card says."""
        from .model import load

        return load(self.card, self.settings)

    def examine(self, sample: Sample) -> Finding:
        """Score every face track, or every frame. Of faces, the highest that was seen well enough decides."""
        return self.of_faces(sample) if self.card.view.of is Of.FACE else self.of_frames(sample)

    def of_faces(self, sample: Sample) -> Finding:
        """Score every face track."""
        if not sample.tracks:
            return self.finding(Outcome.NOTHING_TO_EXAMINE, message="no face was found")
        patches = (patch for track in sample.tracks for patch in track.patches)
        scores = self.scores(patches, lambda patch: face(patch, self.card))
        ends = np.cumsum([len(track.patches) for track in sample.tracks])
        rows = list(zip(sample.tracks, np.split(scores, ends[:-1]), strict=True))
        tracks = tuple(track_score(track, pool(row, self.card.pooling)) for track, row in rows)
        able = [track for track in tracks if self.is_deciding(track, sample.info.kind)]
        frames = tuple(frame for track, row in rows for frame in frame_scores(track, row))
        evidence = Evidence(tracks=tracks, frames=frames)
        score = max(track.score for track in able or tracks)
        return self.finding(Outcome.SCORED, score=score, evidence=evidence)

    def of_frames(self, sample: Sample) -> Finding:
        """Score every sampled frame as a whole."""
        if not sample.frames:
            return self.finding(Outcome.NOTHING_TO_EXAMINE, message="no frame was decoded")
        scores = self.scores(sample.frames, lambda frame: whole(frame, self.card))
        statement = in_words(sample.frames, scores)
        score = pool(scores, self.card.pooling)
        return self.finding(Outcome.SCORED, score=score, evidence=Evidence(statements=(statement,)))

    def finding(self, outcome: Outcome, **values: Any) -> Finding:
        """Return a finding in this detector's name."""
        return Finding(self.name, self.version, self.weights, outcome, **values)

    def scores(self, items: Iterable[T], picture: Callable[[T], Picture]) -> Floats:
        """Return one score for each item; no more than a batch of pictures is held at once."""
        parts = [
            log_odds(self.model.values(batch([*map(picture, some)], self.card.input)), self.card)
            for some in several(items, self.model.at_once)
        ]
        return np.concatenate(parts)

    def is_deciding(self, track: TrackScore, kind: MediaKind) -> bool:
        """Say whether a track was seen well enough for the file's score."""
        if self.calibration is not None:
            return is_validated(track, self.calibration, kind)
        return kind is MediaKind.STILL or track.frames >= LEAST_FRAMES


def several(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in order, `size` at a time."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def track_score(track: FaceTrack, score: float) -> TrackScore:
    """Return a track with its score."""
    return TrackScore(
        id=track.id,
        first_s=track.first_s,
        last_s=track.last_s,
        frames=len(track.patches),
        median_face_px=track.median_face_px,
        score=score,
    )


def frame_scores(track: FaceTrack, scores: Floats) -> Iterator[FrameScore]:
    """Yield the score of a face in every sampled frame."""
    pairs: Iterator[tuple[FacePatch, float]] = zip(track.patches, scores.tolist(), strict=True)
    for patch, score in pairs:
        yield FrameScore(patch.time_s, track.id, patch.box, score)


def in_words(frames: tuple[Frame, ...], scores: Floats) -> str:
    """Say in a sentence what the single frames scored."""
    if len(frames) == 1:
        return f"one frame scored {scores[0]:.2f}"
    time_s = frames[int(scores.argmax())].time_s
    low, high = scores.min(), scores.max()
    return f"{len(frames)} frames scored {low:.2f} to {high:.2f}, the highest at {time_s:.2f} s"
