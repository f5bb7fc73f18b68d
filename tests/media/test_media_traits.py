"""What a recording's headers say about its pixels, light, fields, streams and times is heeded."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.errors import ErrorCode, MediaError
from forensics.media import tonemap
from forensics.media.deinterlace import one_moment
from forensics.settings import Settings

from .. import fakes, recordings
from ..fakes import Clip, Picture, number_in, pattern, render
from ..recordings import Colour
from .test_media import near, seen


@pytest.mark.parametrize(
    ("name", "codec", "aspect", "size"),
    [
        pytest.param("a.mp4", "libx264", Fraction(4, 3), (128, 64), id="mp4"),
        pytest.param("a.mkv", "libx264", Fraction(4, 3), (128, 64), id="mkv"),
        pytest.param("a.avi", "mpeg4", Fraction(4, 3), (128, 64), id="avi"),
        pytest.param("a.ts", "mpeg2video", Fraction(221, 150), (141, 64), id="ts"),
        pytest.param("a.mp4", "libx264", Fraction(8, 9), (85, 64), id="narrow pixels"),
        pytest.param("a.mp4", "libx264", Fraction(100, 1), (96, 64), id="nonsense"),
    ],
)
def test_a_frame_is_stretched_to_square_pixels(
    tmp_path: Path, name: str, codec: str, aspect: Fraction, size: tuple[int, int]
) -> None:
    info, frames = seen(recordings.stretched(tmp_path / name, aspect, codec))
    assert (info.width, info.height) == size == frames[0].shape[1::-1]
    assert near(frames[0][5, 5], fakes.RED)
    assert near(frames[0][5, -5], fakes.BLUE)
    assert [number_in(frame) for frame in frames[:2]] in ([0, 2], [1, 4])


def test_stretching_cannot_go_past_the_limit_of_pixels(tmp_path: Path) -> None:
    path = recordings.stretched(tmp_path / "a.mp4", Fraction(3))
    with pytest.raises(MediaError) as caught:
        seen(path, Settings(max_megapixels=0.01))
    assert caught.value.code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize(
    ("matrix", "turned"),
    [
        pytest.param((1, 0, 0, 1), lambda p: p, id="0"),
        pytest.param((0, 1, -1, 0), lambda p: np.rot90(p, -1), id="90"),
        pytest.param((-1, 0, 0, -1), lambda p: np.rot90(p, 2), id="180"),
        pytest.param((0, -1, 1, 0), lambda p: np.rot90(p), id="270"),
        pytest.param((-1, 0, 0, 1), np.fliplr, id="mirrored"),
        pytest.param((1, 0, 0, -1), np.flipud, id="upside down"),
        pytest.param((0, 1, 1, 0), lambda p: p.transpose(1, 0, 2), id="mirrored, 270"),
        pytest.param(
            (0, -1, -1, 0), lambda p: np.rot90(p, 2).transpose(1, 0, 2), id="mirrored, 90"
        ),
    ],
)
def test_a_frame_is_turned_as_its_matrix_says(
    tmp_path: Path, matrix: tuple[int, int, int, int], turned: Callable[[Picture], Picture]
) -> None:
    info, frames = seen(recordings.oriented(tmp_path / "a.mp4", *matrix))
    wanted = turned(pattern(0, 96, 64))
    assert (info.height, info.width) == wanted.shape[:2] == frames[0].shape[:2]
    assert np.abs(frames[0].astype(int) - wanted).mean() < 8


@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize(
    "matrix", [pytest.param(1, id="709"), pytest.param(5, id="601"), pytest.param(9, id="2020")]
)
def test_colours_come_out_as_they_went_in(tmp_path: Path, matrix: int, full_range: bool) -> None:
    path = recordings.coloured(tmp_path / "a.mkv", pattern(1, 96, 64), Colour(matrix, full_range))
    for frame in seen(path)[1]:
        assert near(frame[5, 5], fakes.RED, within=4)
        assert near(frame[5, -5], fakes.BLUE, within=4)


def test_colours_that_the_file_does_not_name_are_read_as_601(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4", Clip(width=1280, height=720, frames=3))
    assert near(seen(path)[1][0][5, 5], fakes.RED, within=6)


TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])


def scene(picture: Picture) -> "np.typing.NDArray[np.float64]":
    """Linear light of an sRGB picture in BT.2020 primaries; 1 is white."""
    coded = picture / 255
    light = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    return np.asarray(light @ TO_2020.T)


def graded(picture: Picture, curve: int, nits: float) -> "np.typing.NDArray[np.uint16]":
    """The picture as high dynamic range, its white at so many cd/m2: what `tonemap` undoes, found by table."""
    coded = np.linspace(0, 1, 1 << 16)
    light = tonemap.from_pq(coded) if curve == 16 else tonemap.from_hlg(coded)
    return np.interp(scene(picture) * nits, light, coded * 65535).round().astype(np.uint16)


@pytest.mark.parametrize("curve", [pytest.param(16, id="PQ"), pytest.param(18, id="HLG")])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_high_dynamic_range_looks_like_the_ordinary_picture(
    tmp_path: Path, name: str, curve: int
) -> None:
    dim = (pattern(1, 96, 64) * 0.7).astype(np.uint8)  # all of it below the knee
    colour = Colour(9, curve=curve, primaries=9)
    codec = "libx265" if name == "a.mp4" else "ffv1"
    path = recordings.coloured(tmp_path / name, graded(dim, curve, tonemap.WHITE), colour, codec)
    _, frames = seen(path)
    assert frames[0].dtype == np.uint8
    for place in ((5, 5), (5, 48), (5, -5), (50, 5), (50, 20)):
        assert near(frames[0][place], tuple(dim[place]), within=8)


@pytest.mark.parametrize(
    ("coded", "nits"), [(0.0, 0.0), (0.508, 100.0), (0.581, 203.0), (0.752, 1000.0), (1.0, 10000.0)]
)
def test_pq_is_that_of_the_standard(coded: float, nits: float) -> None:
    assert tonemap.from_pq(np.array([coded]))[0] == pytest.approx(
        nits, rel=0.01
    )  # BT.2408-7, table 1


def test_hlg_is_that_of_the_standard() -> None:
    assert tonemap.from_hlg(np.array([0.0, 0.75, 1.0])) == pytest.approx([0, 203, 1000], rel=0.01)


def test_more_light_is_never_darker_and_highlights_differ() -> None:
    levels = tonemap.encoding().astype(int)
    assert (np.diff(levels) >= 0).all()
    at = [
        levels[int(nits / tonemap.WHITE / tonemap.TOP * tonemap.STEPS)]
        for nits in (100, 203, 300, 400)
    ]
    assert at[0] < at[1] < at[2] < at[3] < 255


def test_woven_moments_are_taken_apart(tmp_path: Path) -> None:
    def moving(number: int) -> Picture:
        return np.roll(pattern(0b1010101, 96, 64), 3 * number, axis=1)

    _, frames = seen(recordings.interlaced(tmp_path / "a.mkv", moving))
    assert np.abs(frames[0].astype(int) - moving(0)).mean() < 6


def test_a_still_picture_marked_as_interlaced_keeps_all_its_lines(tmp_path: Path) -> None:
    lines = np.full((64, 96, 3), 90, np.uint8)
    lines[20, 40:50] = lines[41, 40:50] = 230  # thin, and in both fields
    _, frames = seen(recordings.interlaced(tmp_path / "a.mkv", lambda number: lines))
    assert np.abs(frames[0][20, 42:48].astype(int) - 230).mean() < 8
    assert np.abs(frames[0][41, 42:48].astype(int) - 230).mean() < 8


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_taking_fields_apart_keeps_the_size_and_the_even_lines(h: int, w: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (h, w, 3)).astype(np.uint8)
    single = one_moment(picture)
    assert single.shape == picture.shape
    assert (single[::2] == picture[::2]).all()


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
@pytest.mark.parametrize(("default", "colour"), [(0, fakes.RED), (1, fakes.BLUE)])
def test_the_default_video_stream_is_looked_at(
    tmp_path: Path, name: str, default: int, colour: tuple[int, int, int]
) -> None:
    _, frames = seen(recordings.two_streams(tmp_path / name, default))
    assert all(near(frame[5, 5], colour) for frame in frames)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_cover_picture_is_no_video(tmp_path: Path, name: str) -> None:
    info, frames = seen(recordings.with_cover(tmp_path / name))
    assert (info.codec, info.width, info.height) == ("mpeg4", 96, 64)
    assert len(frames) == 20
    assert near(frames[0][5, 5], fakes.RED)


def test_frames_that_an_edit_list_leaves_out_are_not_shown(tmp_path: Path) -> None:
    info, frames = seen(recordings.starting_later(tmp_path / "a.mov", skipped=20))
    assert info.duration_s == pytest.approx(1.2)
    assert min(number_in(frame) for frame in frames) == 20


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.mkv", "libx264"),
        ("a.avi", "mpeg4"),
        ("a.webm", "libvpx"),
        ("a.wmv", "wmv2"),
        ("a.flv", "flv"),
        ("a.mpg", "mpeg2video"),
        ("a.ts", "libx264"),
        ("a.mxf", "mpeg2video"),
        ("a.h264", "libx264"),
    ],
)
def test_a_video_of_one_frame_gives_it(tmp_path: Path, name: str, codec: str) -> None:
    _, frames = seen(render(tmp_path / name, Clip(codec=codec, frames=1)))
    assert [number_in(frame) for frame in frames] == [0]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.mkv", "libx264"),
        ("a.avi", "mpeg4"),
        ("a.webm", "libvpx"),
        ("a.wmv", "wmv2"),
        ("a.flv", "flv"),
    ],
)
def test_a_video_without_a_frame_is_undecodable(tmp_path: Path, name: str, codec: str) -> None:
    with pytest.raises(MediaError) as caught:
        seen(recordings.without_frames(tmp_path / name, codec))
    assert caught.value.code is ErrorCode.UNDECODABLE
