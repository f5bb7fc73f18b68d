"""A file that was cut short is noticed, even where its stated duration shrinks with it."""

from pathlib import Path

import pytest
from PIL import Image

from forensics.errors import ErrorCode, MediaError
from forensics.media import opened
from forensics.media.truncation import is_cut
from forensics.records import Passage

from .. import fakes
from ..fakes import Clip, number_in, pattern, render
from .test_media_kinds import animation
from .test_sampling import sampled

FRAGMENTS = (("movflags", "frag_keyframe+empty_moov"),)
LIVE = (("live", "1"),)


def clip(codec: str = "libx264", options: tuple[tuple[str, str], ...] = ()) -> Clip:
    return Clip(codec=codec, options=options, frames=300, width=192, height=128)


# row of the table: file name, how it is made
CLIPS = {
    "MP4, index at the front": ("a.mp4", clip(options=(("movflags", "faststart"),))),
    "MP4, fragmented": ("a.mp4", clip(options=FRAGMENTS)),
    "MOV, fragmented": ("a.mov", clip(options=FRAGMENTS)),
    "MKV": ("a.mkv", clip()),
    "MKV, live": ("a.mkv", clip(options=LIVE)),
    "WebM": ("a.webm", clip("libvpx-vp9")),
    "WebM, live": ("a.webm", clip("libvpx", LIVE)),
    "AVI": ("a.avi", clip("mpeg4")),
    "TS, H.264": ("a.ts", clip()),
    "TS, MPEG-2": ("a.ts", clip("mpeg2video")),
    "M2TS": ("a.m2ts", clip(options=(("mpegts_m2ts_mode", "1"),))),
    "MPEG program stream": ("a.mpg", clip("mpeg2video")),
    "WMV": ("a.wmv", clip("wmv2")),
    "FLV": ("a.flv", clip()),
    "MXF": ("a.mxf", clip("mpeg2video")),
    "Animated GIF": ("a.gif", Clip(codec="gif", pixel_format="rgb8", frames=60, fps=10)),
}


def torn(path: Path, whole: Path, share: float) -> Path:
    """Copy the first part of a file, up to an odd place: inside a packet wherever packets have one size."""
    content = whole.read_bytes()
    path.write_bytes(content[: int(len(content) * share) // 2048 * 2048 + 1001])
    return path


# FFmpeg opens none of it when the cut is inside a fragment's head.
IN_A_HEAD = {"MP4, fragmented", "MOV, fragmented"}


@pytest.mark.parametrize("kind", CLIPS)
@pytest.mark.parametrize("share", [0.4, 0.6, 0.9])
def test_a_cut_file_has_an_error_and_a_whole_one_none(
    tmp_path: Path, kind: str, share: float
) -> None:
    name, made = CLIPS[kind]
    whole = render(tmp_path / name, made)
    assert sampled(whole)[1].decode_errors == 0
    try:
        frames, coverage = sampled(torn(tmp_path / f"cut-{name}", whole, share))
    except MediaError as error:
        assert kind in IN_A_HEAD
        assert error.code is ErrorCode.UNDECODABLE  # noqa: PT017  not silent either
    else:
        assert coverage.decode_errors > 0
        assert frames


@pytest.mark.parametrize("kind", [kind for kind in CLIPS if kind != "MXF"])  # its index comes last
def test_of_200_last_bytes_nearly_each_is_missed(tmp_path: Path, kind: str) -> None:
    name, made = CLIPS[kind]
    whole = render(tmp_path / name, made)
    with opened(str(whole)) as media:
        container = media.probe("hash").container
    size, missed = whole.stat().st_size, 0
    with whole.open("r+b") as file:
        assert not is_cut(file.fileno(), container)
        for missing in range(2, 202):
            file.truncate(size - missing)
            missed += is_cut(file.fileno(), container)
    assert missed >= 190  # a place between two packets can't be told from the end


def test_the_frames_of_a_cut_mxf_keep_their_times(tmp_path: Path) -> None:
    whole = render(tmp_path / "a.mxf", clip("mpeg2video"))
    frames, _ = sampled(fakes.cut_short(tmp_path / "b.mxf", whole, 0.5))
    assert [number_in(f.pixels) for f in frames] == [round(f.time_s * 25) for f in frames]


def test_a_passage_that_ends_before_the_cut_is_no_error(tmp_path: Path) -> None:
    whole = render(tmp_path / "a.ts", clip())
    cut = fakes.cut_short(tmp_path / "b.ts", whole, 0.8)
    assert sampled(cut, passage=Passage(0, 5))[1].decode_errors == 0
    assert sampled(cut, passage=Passage(0, 12))[1].decode_errors > 0


@pytest.mark.parametrize("name", ["a.png", "a.avif", "a.webp"])
def test_a_cut_animation_is_noticed(tmp_path: Path, name: str) -> None:
    whole = animation(tmp_path / name, (0.1,) * 12)
    try:
        _, coverage = sampled(fakes.cut_short(tmp_path / f"b{name}", whole, 0.7))
    except MediaError as error:
        assert error.code is ErrorCode.UNDECODABLE  # noqa: PT017  either is right
    else:
        assert coverage.decode_errors > 0


def test_an_animated_webp_keeps_its_times(tmp_path: Path) -> None:
    lengths = (0.1, 0.3, 0.05, 0.5, 0.1, 0.1, 0.2, 0.1, 1.0, 0.1, 0.1, 0.1)
    frames, coverage = sampled(animation(tmp_path / "a.webp", lengths))
    assert coverage.duration_s == pytest.approx(sum(lengths))
    starts = [sum(lengths[:number]) for number in range(12)]
    assert [f.time_s for f in frames] == pytest.approx(
        [starts[number_in(f.pixels)] for f in frames]
    )
    assert len(frames) >= 9


def test_of_a_long_animated_webp_few_frames_are_kept(tmp_path: Path) -> None:
    first, *others = (Image.fromarray(pattern(n, 96, 64)) for n in range(100))
    first.save(tmp_path / "a.webp", save_all=True, append_images=others, duration=100, quality=90)
    frames, coverage = sampled(tmp_path / "a.webp")
    assert len(frames) == 20
    assert [number_in(f.pixels) for f in frames] == [round(f.time_s * 10) for f in frames]
    assert coverage.decode_errors == 0
    assert coverage.duration_s == pytest.approx(10)
