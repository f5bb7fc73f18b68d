from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from forensics_onnx_classifier.cards import How, Pooling, read
from forensics_onnx_classifier.detector import CardDetector
from forensics_onnx_classifier.model import BATCH
from forensics_onnx_classifier.scores import pool

from forensics.errors import WeightsError
from forensics.faces import cut_patch
from forensics.records import (
    Box,
    Coverage,
    FaceTrack,
    Frame,
    MediaInfo,
    MediaKind,
    Need,
    Outcome,
    Sample,
)
from forensics.settings import Settings

Write = Callable[..., Path]
Colour = tuple[int, int, int]

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (127, 127, 127)
FACE = {"of": "face", "scale": 1.0, "shift": 0.0}
FRAME = {"of": "frame", "fit": "stretch"}


def picture(colour: Colour, size: tuple[int, int] = (60, 80)) -> npt.NDArray[np.uint8]:
    return np.full((*size, 3), colour, np.uint8)


def frames(*colours: Colour) -> tuple[Frame, ...]:
    return tuple(Frame(0, 0.2 * i, picture(colour)) for i, colour in enumerate(colours))


def track(number: int, *colours: Colour, face_px: int = 20) -> FaceTrack:
    box: Box = (30.0, 20.0, face_px, face_px)
    return FaceTrack(number, tuple(cut_patch(frame, box, 1.0) for frame in frames(*colours)))


def sample(
    tracks: tuple[FaceTrack, ...] = (),
    shown: tuple[Frame, ...] = (),
    kind: MediaKind = MediaKind.VIDEO,
) -> Sample:
    info = MediaInfo("0" * 64, 1, kind, "mp4", "h264", 80, 60)
    return Sample(info, shown, tracks, Coverage(1.0, 4, 4, 4, 1, 0.2, 0), fd=-1)


def detector(path: Path) -> CardDetector:
    return CardDetector(read(path), Settings(threads=1))


def test_every_face_and_its_frames_are_scored(write: Write) -> None:
    finding = detector(write()).examine(
        sample((track(1, RED, GREY, GREEN), track(2, GREEN, GREEN, GREEN)))
    )
    assert [t.score for t in finding.evidence.tracks] == pytest.approx([0, -1], abs=0.01)
    assert [f.score for f in finding.evidence.frames] == pytest.approx(
        [1, 0, -1, -1, -1, -1], abs=0.01
    )
    assert (finding.outcome, finding.score) == (Outcome.SCORED, finding.evidence.tracks[0].score)
    assert finding.weights == read(write()).sha256


def test_track_of_too_few_frames_does_not_decide(write: Write) -> None:
    tracks = (track(1, RED), track(2, GREEN, GREEN, GREEN))
    assert detector(write()).examine(sample(tracks)).score == pytest.approx(-1)
    still = sample(tracks[:1], kind=MediaKind.STILL)
    assert detector(write()).examine(still).score == pytest.approx(1)


def test_frames_are_scored_whole_and_said_in_words(write: Write) -> None:
    card = write(view=FRAME, pooling={"how": "max"})
    finding = detector(card).examine(sample(shown=frames(GREEN, GREY, RED, GREEN)))
    assert finding.score == pytest.approx(1)
    assert finding.evidence.statements == ("4 frames scored -1.00 to 1.00, the highest at 0.40 s",)
    assert detector(card).needs == {Need.FRAMES}


def test_middle_of_a_frame_is_all_that_a_centre_card_sees(write: Write) -> None:
    wide = picture(GREEN, (40, 120))
    wide[:, 40:80] = RED
    shown = (Frame(0, 0.0, wide),)
    centre = detector(write(view={"of": "frame", "fit": "centre"})).examine(sample(shown=shown))
    stretched = detector(write(view=FRAME)).examine(sample(shown=shown))
    assert centre.score == pytest.approx(1)
    assert stretched.score == pytest.approx(-1 / 3, abs=0.05)


@pytest.mark.parametrize("view", [FACE, FRAME], ids=["face", "frame"])
def test_nothing_to_look_at_loads_no_model(write: Write, view: dict[str, Any]) -> None:
    made = detector(write(view=view))
    assert made.examine(sample()).outcome is Outcome.NOTHING_TO_EXAMINE
    assert "model" not in vars(made)


@pytest.mark.parametrize(
    ("change", "shape", "colour"),
    [
        pytest.param({"colour": "RGB"}, ["n", 3, 8, 8], RED, id="rgb"),
        pytest.param({"colour": "BGR"}, ["n", 3, 8, 8], BLUE, id="bgr"),
        pytest.param({"layout": "NHWC"}, ["n", 8, 8, 3], RED, id="nhwc"),
        pytest.param({"layout": "NHWC", "colour": "BGR"}, ["n", 8, 8, 3], BLUE, id="nhwc-bgr"),
    ],
)
def test_model_sees_the_layout_and_colours_that_its_card_says(
    write: Write, change: dict[str, Any], shape: list[int | str | None], colour: Colour
) -> None:
    values = {"px": 8, "layout": "NCHW", "colour": "RGB", "scale": 1.0}
    values |= {"mean": [5.0, 0.0, 0.0], "std": [2.0, 1.0, 1.0]} | change
    made = detector(write(shape=shape, input=values, view=FRAME))
    assert made.examine(sample(shown=frames(colour))).score == pytest.approx((255 - 5) / 2)


def test_many_frames_are_scored_in_batches_as_alone(write: Write) -> None:
    rng = np.random.default_rng(2)
    shades = [tuple(int(v) for v in rng.integers(0, 256, 3)) for _ in range(2 * BATCH + 3)]
    made = detector(write())
    together = made.examine(sample((track(1, *shades),))).evidence.frames  # type: ignore[arg-type]
    expected = [shade[0] / 127.5 - 1 for shade in shades]
    assert [track.score for track in together] == pytest.approx(expected, abs=1e-5)


def test_face_is_cropped_as_the_card_says(write: Write) -> None:
    frame = picture(GREEN)
    frame[30:50, 30:50] = RED  # below the box
    patch = cut_patch(Frame(0, 0.0, frame), (30, 20, 20, 20), 1.0)
    shown = sample((FaceTrack(1, (patch,)),), kind=MediaKind.STILL)
    below = detector(write(view={**FACE, "shift": 0.5})).examine(shown)
    on = detector(write(view=FACE)).examine(shown)
    assert below.score == pytest.approx(1)
    assert on.score == pytest.approx(0, abs=0.01)


def test_changed_model_is_refused_when_there_is_something_to_look_at(
    write: Write, tmp_path: Path
) -> None:
    path = write(view=FRAME)
    (tmp_path / "red.onnx").write_bytes((tmp_path / "red.onnx").read_bytes() + b" ")
    with pytest.raises(WeightsError, match="key 'sha256'"):
        detector(path).examine(sample(shown=frames(RED)))


@pytest.mark.parametrize(
    ("pooling", "score"),
    [
        pytest.param(Pooling(How.MEAN), 3.0, id="mean"),
        pytest.param(Pooling(How.MAX), 9.0, id="max"),
        pytest.param(Pooling(How.MEDIAN), 2.0, id="median"),
        pytest.param(Pooling(How.TOP, 2), 6.0, id="top"),
        pytest.param(Pooling(How.TOP, 99), 3.0, id="top-of-few"),
    ],
)
def test_frames_are_pooled_as_the_card_says(pooling: Pooling, score: float) -> None:
    assert pool(np.array([1.0, 9.0, 2.0, 0.0, 3.0]), pooling) == pytest.approx(score)
