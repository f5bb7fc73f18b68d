from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.errors import ErrorCode, MediaError
from forensics.media import across_cut, opened
from forensics.media.sampling_plan import max_gap, plan
from forensics.records import Coverage, Frame, MediaInfo, Passage
from forensics.settings import Settings

from .. import builders, fakes
from ..fakes import Clip, number_in, render, with_cut


def sampled(
    path: Path, settings: Settings | None = None, passage: Passage | None = None
) -> tuple[list[Frame], Coverage]:
    settings = settings or Settings()
    with opened(str(path), settings) as media:
        sampling = media.sample(media.probe("hash"), settings, passage)
        frames = list(sampling)
        return frames, sampling.coverage(frames_with_face=0)


def runs(frames: list[Frame]) -> list[list[float]]:
    numbers = sorted({frame.run for frame in frames})
    return [[frame.time_s for frame in frames if frame.run == number] for number in numbers]


@pytest.mark.parametrize(
    "name", ["a.mp4", "a.mkv", "a.avi", "a.ts", "a.h264", pytest.param("b.webm", id="webm")]
)
def test_times_are_those_of_the_frames(tmp_path: Path, name: str) -> None:
    codec = "libvpx" if name.endswith("webm") else "libx264"
    frames, _ = sampled(render(tmp_path / name, Clip(codec=codec, frames=200)))
    assert [number_in(f.pixels) for f in frames] == [round(f.time_s * 25) for f in frames]
    assert len(frames) == 20


def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    stamps = tuple(number * number for number in range(30))
    frames, _ = sampled(render(tmp_path / "a.mkv", Clip(frames=30, stamps=stamps)))
    for frame in frames:
        assert frame.time_s == pytest.approx(number_in(frame.pixels) ** 2 / 25, abs=0.002)


def test_a_start_time_is_taken_off(tmp_path: Path) -> None:
    clip = Clip(stamps=tuple(range(1000, 1050)), container_format="mpegts", codec="mpeg2video")
    frames, coverage = sampled(render(tmp_path / "a.ts", clip))
    assert frames[0].time_s < 0.2
    assert coverage.duration_s == pytest.approx(2, abs=0.05)


def test_samples_come_in_runs_a_stride_apart_spread_over_the_video(tmp_path: Path) -> None:
    frames, coverage = sampled(render(tmp_path / "a.mp4", Clip(frames=250, gop=1000)))
    parts = runs(frames)
    assert [len(part) for part in parts] == [4] * 5
    for part in parts:
        for before, after in pairwise(part):
            assert after - before == pytest.approx(0.2, abs=0.021)
    for part, place in zip(parts[1:], (2.7, 4.7, 6.7, 8.7), strict=True):
        assert part[0] == pytest.approx(place, abs=0.05)
    assert coverage.max_gap_s == pytest.approx(4.7 - 2.7 - 0.6, abs=0.9)


def test_a_run_starts_at_the_key_frame_before_its_place(tmp_path: Path) -> None:
    clip = Clip(frames=250, gop=30)
    frames, _ = sampled(render(tmp_path / "a.mp4", clip))
    assert [part[0] for part in runs(frames)] == pytest.approx([0, 2.4, 3.6, 6.0, 8.4])


@pytest.mark.parametrize("count", [1, 2, 3, 5, 13, 19, 20, 21, 23])
@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
def test_a_short_video_gives_what_it_has_and_no_frame_twice(
    tmp_path: Path, codec: str, count: int
) -> None:
    pixel_format = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    clip = Clip(codec=codec, pixel_format=pixel_format, frames=count)
    frames, coverage = sampled(render(tmp_path / "a.mkv", clip))
    numbers = [number_in(frame.pixels) for frame in frames]
    assert numbers == sorted(set(numbers))
    assert len(frames) >= min(count, 20) - (count > 20)
    assert (coverage.frames_asked, coverage.frames_decoded) == (20, len(frames))


def test_a_passage_bounds_the_samples_and_the_gaps(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4", Clip(frames=250, gop=100))
    frames, coverage = sampled(path, passage=Passage(3.0, 7.0))
    assert min(f.time_s for f in frames) >= 3.0 - 0.02
    assert max(f.time_s for f in frames) <= 7.0 + 0.02
    assert len(frames) == 20
    assert coverage.max_gap_s is not None
    assert coverage.max_gap_s < 1.5


def test_a_passage_after_the_end_has_no_video(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"lasts 2\.0 s") as caught:
        sampled(render(tmp_path / "a.mp4"), passage=Passage(5.0))
    assert caught.value.code is ErrorCode.NO_VIDEO


def test_a_still_gives_one_frame_at_zero(tmp_path: Path) -> None:
    frames, coverage = sampled(fakes.still(tmp_path / "a.png"))
    assert [(f.run, f.time_s) for f in frames] == [(0, 0.0)]
    assert coverage == Coverage(None, 1, 1, 0, 1, None, 0)


def test_frames_are_decoded_only_when_asked_for(tmp_path: Path) -> None:
    settings = Settings()
    with opened(str(render(tmp_path / "a.mp4")), settings) as media:
        sampling = media.sample(media.probe("hash"), settings)
        next(iter(sampling))
        assert sampling.coverage(1).frames_decoded == 1


def test_damage_is_counted_and_sampling_goes_on(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4", Clip(width=192, height=128, frames=100, gop=5))
    content = bytearray(path.read_bytes())
    start, end = content.index(b"mdat") + 600, content.index(b"moov")
    for place in range(start + (end - start) // 3, start + (end - start) // 2):
        content[place] = 0xA5
    path.write_bytes(content)
    frames, coverage = sampled(path)
    assert coverage.decode_errors > 0
    assert len(frames) >= 8


def test_a_video_cut_short_after_its_index_gives_what_is_left(tmp_path: Path) -> None:
    whole = render(
        tmp_path / "a.mp4", Clip(frames=200, gop=10, options=(("movflags", "faststart"),))
    )
    frames, coverage = sampled(fakes.cut_short(tmp_path / "b.mp4", whole, 0.6))
    assert 4 <= len(frames) < 20
    assert coverage.duration_s == pytest.approx(8)
    assert coverage.max_gap_s is not None
    assert coverage.max_gap_s > 2


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.mp4", (("movflags", "faststart"),)), ("a.mkv", ())],
)
@pytest.mark.parametrize("share", [0.5, 1], ids=["cut", "whole"])
def test_a_silent_end_before_the_stated_one_is_an_error(
    tmp_path: Path, name: str, options: tuple[tuple[str, str], ...], share: float
) -> None:
    whole = render(tmp_path / name, Clip(frames=300, options=options))
    frames, coverage = sampled(fakes.cut_short(tmp_path / f"b{name}", whole, share))
    assert coverage.duration_s == pytest.approx(12, abs=0.1)
    assert (coverage.decode_errors > 0) == (share < 1)
    assert (len(frames) < 16) == (share < 1)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_sound_a_little_longer_than_the_picture_is_no_error(tmp_path: Path, name: str) -> None:
    path = render_with_sound(tmp_path / name, frames=50, sound_s=2.8)
    _, coverage = sampled(path)
    assert coverage.decode_errors == 0


def test_a_last_picture_that_stays_long_is_no_error(tmp_path: Path) -> None:
    stamps = (*range(25), 150, 151)
    _, coverage = sampled(render(tmp_path / "a.mkv", Clip(frames=27, stamps=stamps)))
    assert coverage.decode_errors == 0


def test_a_whole_passage_of_a_cut_video_is_no_error(tmp_path: Path) -> None:
    whole = render(tmp_path / "a.mkv", Clip(frames=300))
    cut = fakes.cut_short(tmp_path / "b.mkv", whole, 0.5)
    assert sampled(cut, passage=Passage(0, 4))[1].decode_errors == 0
    assert sampled(cut, passage=Passage(0, 10))[1].decode_errors == 1


def render_with_sound(path: Path, frames: int, sound_s: float) -> Path:
    """Render a clip at 25 frames per second, with a tone of its own length."""
    with av.open(str(path), "w") as output:
        picture = output.add_stream("mpeg4", rate=25)
        picture.width, picture.height, picture.pix_fmt = 96, 64, "yuv420p"
        sound = output.add_stream("aac", rate=44100)
        for frame in fakes.pictures(Clip(frames=frames)):
            output.mux(picture.encode(frame))
        for start in range(0, round(sound_s * 44100), 1152):
            tone = av.AudioFrame.from_ndarray(fakes.tone(start), format="fltp", layout="mono")
            tone.sample_rate, tone.pts = 44100, start
            output.mux(sound.encode(tone))
        output.mux(picture.encode())
        output.mux(sound.encode(None))
    return path


def test_a_cut_within_a_run_begins_a_shot(tmp_path: Path) -> None:
    settings = Settings(frames=4, stride_s=0.2)
    _, coverage = sampled(render(tmp_path / "a.mp4", Clip(paint=with_cut(20))), settings)
    assert coverage.shots == 2
    _, coverage = sampled(render(tmp_path / "b.mp4"), settings)
    assert coverage.shots == 1


def test_a_cut_is_told_from_movement() -> None:
    paint = fakes.face_moving(step=8)
    before, after = paint(0, 320, 180), paint(3, 320, 180)
    assert not across_cut(before, after)
    assert across_cut(before, with_cut(0)(0, 320, 180))


def info(duration_s: float) -> MediaInfo:
    return replace(builders.MEDIA, duration_s=duration_s)


@given(
    duration_s=st.floats(0.04, 1e5),
    frames=st.integers(1, 200),
    run_frames=st.integers(1, 50),
    stride_s=st.floats(0.001, 10),
)
def test_a_plan_has_all_samples_in_order_inside_the_video(
    duration_s: float, frames: int, run_frames: int, stride_s: float
) -> None:
    settings = Settings(frames=frames, run_frames=run_frames, stride_s=stride_s)
    made = plan(info(duration_s), settings, Passage())
    assert sum(run.samples for run in made.runs) == frames
    assert all(1 <= run.samples <= run_frames for run in made.runs)
    ends = [run.start_s + (run.samples - 1) * made.stride_s for run in made.runs]
    slack = 1e-9 * duration_s
    assert made.runs[0].start_s >= -slack
    assert ends[-1] <= duration_s + slack
    for end, after in zip(ends, made.runs[1:], strict=False):
        assert end <= after.start_s + slack


@pytest.mark.parametrize(
    ("times_s", "gap_s"),
    [
        pytest.param([], 10, id="nothing seen"),
        pytest.param([4], 6, id="to the end"),
        pytest.param([7, 8], 7, id="from the start"),
        pytest.param([1, 6, 9], 5, id="between"),
    ],
)
def test_the_largest_gap_includes_start_and_end(times_s: list[float], gap_s: float) -> None:
    assert max_gap(0, 10, times_s) == gap_s


@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "a.avi"])
def test_first_frames_are_consecutive_and_the_rest_is_known_to_be_unseen(
    tmp_path: Path, name: str
) -> None:
    settings = Settings(frames=7, sampling="first")
    frames, coverage = sampled(render(tmp_path / name, Clip(frames=100, gop=30)), settings)
    assert [number_in(frame.pixels) for frame in frames] == list(range(7))
    assert {frame.run for frame in frames} == {0}
    assert (coverage.frames_asked, coverage.decode_errors) == (7, 0)
    assert coverage.max_gap_s == pytest.approx(4 - 6 * 0.04, abs=0.05)


def test_first_frames_of_a_passage_begin_with_it(tmp_path: Path) -> None:
    settings = Settings(frames=5, sampling="first")
    path = render(tmp_path / "a.mp4", Clip(frames=100, gop=30))
    frames, _ = sampled(path, settings, Passage(2.0, 3.0))
    assert [number_in(frame.pixels) for frame in frames] == list(range(50, 55))
    assert len(sampled(path, settings, Passage(3.9))[0]) == 3


def test_first_frames_are_all_there_are_of_a_short_video(tmp_path: Path) -> None:
    settings = Settings(frames=20, sampling="first")
    frames, coverage = sampled(render(tmp_path / "a.mp4", Clip(frames=6)), settings)
    assert [number_in(frame.pixels) for frame in frames] == list(range(6))
    assert coverage.decode_errors == 0
