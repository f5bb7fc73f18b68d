import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.faces import CropGeometry, FaceFinder, crop, crop_frame, cut_patch, quality
from forensics.faces.crops import PATCH_PX, box_in_patch
from forensics.faces.tracking import Linker, overlap
from forensics.media import opened
from forensics.records import Box, FacePatch, Frame
from forensics.settings import Settings

from .. import fakes
from ..fakes import Clip, Picture, face_moving, render

GEOMETRY = CropGeometry(scale=0.82, shift=0.1, px=64)
SAME, OTHER = np.eye(512)[0], np.eye(512)[1]


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder("cpu")


def frames_of(paint: fakes.Painter, *numbers: int, run: int = 0) -> Iterator[Frame]:
    for number in numbers:
        yield Frame(run, number / 5, paint(number, 320, 180))


def test_importing_faces_does_not_load_torch() -> None:
    code = "import sys, forensics.faces; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_moving_face_is_one_track(finder: FaceFinder) -> None:
    faces = finder.tracks(frames_of(face_moving(), 0, 5, 10, 15))
    assert faces.frames_with_face == 4
    (track,) = faces.tracks
    assert (track.id, len(track.patches)) == (1, 4)
    assert (track.first_s, track.last_s) == (0.0, 3.0)
    lefts = [patch.box[0] for patch in track.patches]
    assert all(14 < after - before < 26 for before, after in pairwise(lefts))  # 20 pixels each


def test_a_face_in_a_clip_is_found_where_it_is(finder: FaceFinder, tmp_path: Path) -> None:
    clip = Clip(width=320, height=180, frames=10, paint=face_moving())
    settings = Settings(frames=2)
    with opened(str(render(tmp_path / "a.mp4", clip)), settings) as media:
        frames = list(media.sample(media.probe("hash"), settings))
    (track,) = finder.tracks(frames).tracks
    left, top, width, height = track.patches[0].box
    assert 60 < left + width / 2 < 110
    assert 40 < top + height / 2 < 90
    assert 32 <= track.median_face_px < 100


def test_a_face_in_a_large_frame_has_its_box_in_that_frame(finder: FaceFinder) -> None:
    small, large = face_moving()(0, 320, 180), face_moving(side=640)(0, 1280, 720)
    (one,), (other,) = finder.detect([small])[0], finder.detect([large])[0]
    assert np.allclose(np.array(one.box) * 4, other.box, atol=20)
    assert finder.smallest_px(1280, 720) == 32
    assert finder.smallest_px(3840, 2160) == 72


@pytest.mark.parametrize(
    ("width", "height"),
    [
        pytest.param(320, 180, id="no face"),
        pytest.param(20, 200, id="narrow"),
        pytest.param(1, 1, id="one pixel"),
        pytest.param(4000, 8, id="a line"),
    ],
)
def test_odd_pictures_have_no_face(finder: FaceFinder, width: int, height: int) -> None:
    faces = finder.tracks([Frame(0, 0.0, np.full((height, width, 3), 120, np.uint8))])
    assert (faces.tracks, faces.frames_with_face) == ((), 0)


def test_noise_does_not_stop_the_finder(finder: FaceFinder) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, 90, 120, 3), np.uint8)
    finder.tracks(Frame(0, float(n), pixels) for n, pixels in enumerate(noise))


def test_no_frames_are_no_tracks(finder: FaceFinder) -> None:
    assert finder.tracks([]).tracks == ()


def test_frames_of_different_sizes_are_taken_in_turn(finder: FaceFinder) -> None:
    sizes = ((320, 180), (240, 200), (320, 180))
    frames = [Frame(0, float(n), face_moving()(0, *size)) for n, size in enumerate(sizes)]
    assert finder.tracks(frames).frames_with_face == 3


def test_the_same_weights_have_the_same_hash(finder: FaceFinder) -> None:
    assert finder.sha256 == FaceFinder("cpu").sha256
    assert len(finder.sha256) == 64


def patch(box: Box, time_s: float = 0.0, run: int = 0) -> FacePatch:
    empty = np.zeros((4, 4, 3), np.uint8)
    return FacePatch(run, time_s, box, (0.0, 0.0), 1.0, 0.99, empty)


def linked(*frames: tuple[int, "np.typing.NDArray[np.float64]", list[Box]]) -> list[list[float]]:
    """Link frames given as run, looks and boxes; return the times in each track."""
    linker = Linker()
    for number, (run, looks, boxes) in enumerate(frames):
        linker.add(run, looks, [patch(box, float(number), run) for box in boxes])
    return [[one.time_s for one in track.patches] for track in linker.tracks]


A: Box = (100.0, 100.0, 50.0, 60.0)
B: Box = (10.0, 100.0, 50.0, 60.0)
NEAR_A: Box = (110.0, 100.0, 50.0, 60.0)
OFF_A: Box = (120.0, 100.0, 50.0, 60.0)


@pytest.mark.parametrize(
    ("frames", "times_s"),
    [
        pytest.param([(0, SAME, [A]), (0, SAME, [OFF_A])], [[0, 1]], id="moved within a run"),
        pytest.param([(0, SAME, [A]), (0, OTHER, [A])], [[0], [1]], id="a cut within a run"),
        pytest.param([(0, SAME, [A]), (1, SAME, [NEAR_A])], [[0, 1]], id="the next run, there"),
        pytest.param([(0, SAME, [A]), (1, SAME, [OFF_A])], [[0], [1]], id="the next run, moved"),
        pytest.param([(0, SAME, [A]), (1, OTHER, [A])], [[0], [1]], id="the next run, other shot"),
        pytest.param(
            [(0, SAME, [A]), (0, OTHER, []), (0, SAME, [A])], [[0], [2]], id="there and back"
        ),
        pytest.param([(0, SAME, [A]), (0, SAME, []), (0, SAME, [A])], [[0, 2]], id="missed once"),
        pytest.param([(0, SAME, [A]), (0, SAME, [B])], [[0], [1]], id="elsewhere"),
        pytest.param(
            [(0, SAME, [A, B]), (0, SAME, [B, A])], [[0, 1], [0, 1]], id="two in other order"
        ),
        pytest.param(
            [(0, SAME, [A]), (0, SAME, [OFF_A, NEAR_A])], [[0, 1], [1]], id="the nearer goes on"
        ),
    ],
)
def test_faces_are_linked_by_overlap_and_never_across_a_cut(
    frames: list[tuple[int, "np.typing.NDArray[np.float64]", list[Box]]],
    times_s: list[list[float]],
) -> None:
    assert linked(*frames) == times_s


def test_tracks_are_numbered_by_first_time_then_from_the_left() -> None:
    linker = Linker()
    linker.add(0, SAME, [patch(A), patch(B)])
    linker.add(0, SAME, [patch((300.0, 0.0, 50.0, 60.0), 1.0)])
    assert [(t.id, t.patches[0].box[0]) for t in linker.tracks] == [(1, 10), (2, 100), (3, 300)]


def test_overlap_is_one_for_the_same_box_and_zero_apart() -> None:
    assert overlap(A, A) == 1
    assert overlap(A, B) == 0
    assert overlap(A, (100.0, 100.0, 50.0, 30.0)) == 0.5


def ramp(width: int = 200, height: int = 150) -> Picture:
    """Red grows to the right, green downwards."""
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([across, down, np.zeros_like(down)], axis=2).astype(np.uint8)


def test_a_crop_lies_where_its_geometry_says() -> None:
    pixels = crop_frame(
        ramp(), (60.0, 40.0, 30.0, 50.0), CropGeometry(scale=0.8, shift=0.25, px=40)
    )
    assert pixels.shape == (40, 40, 3)
    assert pixels[0, 0].tolist() == [55, 55, 0]  # centre 75, 65 + 0.25 * 40; side 0.8 * 50
    assert pixels[-1, -1].tolist() == [94, 94, 0]


@given(
    left=st.floats(-40, 180),
    top=st.floats(-40, 130),
    width=st.floats(2, 100),
    height=st.floats(2, 100),
)
def test_a_crop_of_a_patch_is_that_of_its_frame(
    left: float, top: float, width: float, height: float
) -> None:
    frame, box = Frame(0, 0.0, ramp()), (left, top, width, height)
    made = cut_patch(frame, box, 0.99)
    assert made.scale == 1
    assert np.array_equal(crop(made, GEOMETRY), crop_frame(frame.pixels, box, GEOMETRY))


def test_a_large_patch_is_scaled_down_and_crops_alike() -> None:
    frame = Frame(0, 0.0, fakes.portrait())
    made = cut_patch(frame, (130.0, 30.0, 200.0, 260.0), 0.99)
    assert made.pixels.shape == (PATCH_PX, PATCH_PX, 3)
    assert made.scale == pytest.approx(448 / 520)
    assert box_in_patch(made)[2:] == pytest.approx((200 * made.scale, 260 * made.scale))
    one, other = crop(made, GEOMETRY), crop_frame(frame.pixels, made.box, GEOMETRY)
    assert np.abs(one.astype(int) - other).mean() < 4


def test_beyond_the_edge_the_picture_is_mirrored() -> None:
    pixels = crop_frame(ramp(), (-10.0, -10.0, 20.0, 20.0), CropGeometry(scale=1, shift=0, px=20))
    assert pixels[10:, 10:].tolist() == ramp()[:10, :10].tolist()
    assert pixels[:10, :10].tolist() == ramp()[9::-1, 9::-1].tolist()


def test_blur_and_darkness_are_seen() -> None:
    import cv2

    sharp = cut_patch(Frame(0, 0.0, fakes.portrait()), (170.0, 60.0, 110.0, 150.0), 0.99)
    blurred = replace(sharp, pixels=np.asarray(cv2.GaussianBlur(sharp.pixels, (0, 0), 4), np.uint8))
    dark = replace(sharp, pixels=sharp.pixels // 4)
    assert quality(blurred).blur < quality(sharp).blur / 4
    assert quality(dark).luma == pytest.approx(quality(sharp).luma / 4, abs=2)
