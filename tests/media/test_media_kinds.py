"""Every kind of file that docs/formats.md lists as decoded; the test names are the table's rows."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.records import MediaKind

from .. import fakes, recordings
from ..fakes import Clip, number_in, pattern, render
from .test_media import near, seen

TEN = "yuv420p10le"

# row of the table: file name, how it is made, FFmpeg's names of container and codec
VIDEOS = {
    "MP4, H.264": ("a.mp4", Clip(), "mp4", "h264"),
    "MP4, H.264, 10 bits": ("a.mp4", Clip(pixel_format=TEN), "mp4", "h264"),
    "MP4, H.264, odd size": (
        "a.mp4",
        Clip(pixel_format="yuv444p", width=175, height=131),
        "mp4",
        "h264",
    ),
    "MP4, HEVC": ("a.mp4", Clip(codec="libx265"), "mp4", "hevc"),
    "MP4, HEVC, 10 bits": ("a.mp4", Clip(codec="libx265", pixel_format=TEN), "mp4", "hevc"),
    "MP4, AV1": ("a.mp4", Clip(codec="libsvtav1"), "mp4", "libdav1d"),
    "MP4, AV1, odd size": (
        "a.mp4",
        Clip(codec="libsvtav1", width=175, height=131),
        "mp4",
        "libdav1d",
    ),
    "MP4, MPEG-4": ("a.mp4", Clip(codec="mpeg4"), "mp4", "mpeg4"),
    "MP4, fragmented": (
        "a.mp4",
        Clip(options=(("movflags", "frag_keyframe+empty_moov"),)),
        "mp4",
        "h264",
    ),
    "M4V": ("a.m4v", Clip(container_format="ipod"), "mp4", "h264"),
    "MOV, H.264": ("a.mov", Clip(), "mov", "h264"),
    "MOV, ProRes 422": (
        "a.mov",
        Clip(codec="prores_ks", pixel_format="yuv422p10le"),
        "mov",
        "prores",
    ),
    "MOV, ProRes 4444 with alpha": (
        "a.mov",
        Clip(codec="prores_ks", pixel_format="yuva444p10le"),
        "mov",
        "prores",
    ),
    "MOV, Animation with alpha": (
        "a.mov",
        Clip(codec="qtrle", pixel_format="argb"),
        "mov",
        "qtrle",
    ),
    "3GP, H.263": ("a.3gp", Clip(codec="h263", width=176, height=144), "3gp", "h263"),
    "MKV, H.264": ("a.mkv", Clip(), "matroska", "h264"),
    "MKV, AV1, 10 bits": (
        "a.mkv",
        Clip(codec="libsvtav1", pixel_format=TEN),
        "matroska",
        "libdav1d",
    ),
    "MKV, FFV1": ("a.mkv", Clip(codec="ffv1"), "matroska", "ffv1"),
    "WebM, VP8": ("a.webm", Clip(codec="libvpx"), "webm", "vp8"),
    "WebM, VP9": ("a.webm", Clip(codec="libvpx-vp9"), "webm", "vp9"),
    "WebM, VP9, odd size": (
        "a.webm",
        Clip(codec="libvpx-vp9", width=175, height=131),
        "webm",
        "vp9",
    ),
    "WebM, VP9 with alpha": (
        "a.webm",
        Clip(codec="libvpx-vp9", pixel_format="yuva420p"),
        "webm",
        "vp9",
    ),
    "WebM, AV1": ("a.webm", Clip(codec="libsvtav1"), "webm", "libdav1d"),
    "AVI, MPEG-4": ("a.avi", Clip(codec="mpeg4"), "avi", "mpeg4"),
    "AVI, H.264": ("a.avi", Clip(), "avi", "h264"),
    "AVI, MJPEG": ("a.avi", Clip(codec="mjpeg", pixel_format="yuvj420p"), "avi", "mjpeg"),
    "WMV, WMV2": ("a.wmv", Clip(codec="wmv2"), "asf", "wmv2"),
    "FLV, H.264": ("a.flv", Clip(), "flv", "h264"),
    "FLV, Sorenson": ("a.flv", Clip(codec="flv"), "flv", "flv"),
    "MPEG program stream, MPEG-2": (
        "a.mpg",
        Clip(codec="mpeg2video", width=192, height=128),
        "mpeg",
        "mpeg2video",
    ),
    "TS, MPEG-2": ("a.ts", Clip(codec="mpeg2video"), "mpegts", "mpeg2video"),
    "TS, H.264": ("a.ts", Clip(), "mpegts", "h264"),
    "MTS, M2TS, H.264": (
        "a.mts",
        Clip(container_format="mpegts", options=(("mpegts_m2ts_mode", "1"),)),
        "mpegts",
        "h264",
    ),
    "MXF, MPEG-2": ("a.mxf", Clip(codec="mpeg2video", width=192, height=128), "mxf", "mpeg2video"),
    "MXF, H.264": ("a.mxf", Clip(width=192, height=128), "mxf", "h264"),
    "Raw stream, H.264 (.h264, .264)": ("a.264", Clip(container_format="h264"), "h264", "h264"),
    "Raw stream, HEVC": ("a.hevc", Clip(codec="libx265"), "hevc", "hevc"),
}

ANIMATIONS = {
    "Animated GIF": ("a.gif", "gif"),
    "Animated PNG": ("a.png", "apng"),
    "Animated AVIF": ("a.avif", "libdav1d"),
    "Animated WebP": ("a.webp", "webp"),
}

DEEP = (pattern(5, 96, 64).astype(np.uint16) * 257)[..., ::-1]
HALF = Image.fromarray(np.dstack([pattern(5, 96, 64), np.full((64, 96, 1), 128, np.uint8)]))
PLAIN = Image.fromarray(pattern(5, 96, 64))
MANY = {"save_all": True, "append_images": [PLAIN.rotate(180), PLAIN.rotate(180)]}

# row of the table: file name, picture, Pillow's options
STILLS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "JPEG": ("a.jpg", PLAIN, {"quality": 95}),
    "JPEG, progressive": ("a.jpg", PLAIN, {"quality": 95, "progressive": True}),
    "JPEG, CMYK": ("a.jpg", PLAIN.convert("CMYK"), {"quality": 95}),
    "PNG": ("a.png", PLAIN, {}),
    "PNG, palette": ("a.png", PLAIN.convert("P", palette=Image.Palette.ADAPTIVE), {}),
    "PNG with alpha": ("a.png", HALF, {}),
    "PNG, 16 bits": ("a.png", DEEP, {}),
    "WebP": ("a.webp", PLAIN, {"quality": 95}),
    "WebP with alpha": ("a.webp", HALF, {"quality": 95}),
    "BMP": ("a.bmp", PLAIN, {}),
    "GIF": ("a.gif", PLAIN, {}),
    "TIFF": ("a.tiff", PLAIN, {}),
    "TIFF, 16 bits": ("a.tiff", DEEP, {}),
    "TIFF, CMYK": ("a.tiff", PLAIN.convert("CMYK"), {}),
    "TIFF, several pages": ("a.tiff", PLAIN, MANY),
    "JPEG 2000": ("a.jp2", PLAIN, {}),
    "JPEG 2000 codestream": ("a.j2k", PLAIN, {}),
    "AVIF": ("a.avif", PLAIN, {"quality": 95}),
    "HEIC": ("a.heic", PLAIN, {"quality": 95}),
    "HEIC, 10 bits": ("a.heic", DEEP, {"quality": 95}),
    "HEIC, several pictures": ("a.heic", PLAIN, {"quality": 95, **MANY}),
    "PPM": ("a.ppm", PLAIN, {}),
}

GREYS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "JPEG, grey": ("a.jpg", PLAIN.convert("L"), {}),
    "PNG, grey, 16 bits": ("a.png", np.full((64, 96), 80 * 257, np.uint16), {}),
    "PNG, grey with alpha": ("a.png", PLAIN.convert("LA"), {}),
    "TIFF, floating point": ("a.tiff", np.full((64, 96), 80 / 255, np.float32), {}),
}


def save(path: Path, picture: Any, options: dict[str, Any]) -> Path:
    """Write a still with Pillow; what it can't write, 16 bits a channel and HEIC, with others."""
    if path.suffix == ".heic":
        return save_heic(path, picture, options)
    if isinstance(picture, np.ndarray) and picture.ndim == 3:
        import cv2

        cv2.imwrite(str(path), picture)
    else:
        image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
        image.save(path, **options)
    return path


def save_heic(path: Path, picture: Any, options: dict[str, Any]) -> Path:
    import pillow_heif

    if isinstance(picture, np.ndarray):
        file = pillow_heif.from_bytes("BGR;16", (96, 64), np.ascontiguousarray(picture).tobytes())
    else:
        file = pillow_heif.from_pillow(picture)
    for other in options.get("append_images", ()):
        file.add_from_pillow(other)
    file.save(path, quality=options["quality"], chroma=444, save_all=True, primary_index=0)
    return path


@pytest.mark.parametrize("kind", VIDEOS)
def test_a_video_gives_upright_rgb_frames_of_its_size(tmp_path: Path, kind: str) -> None:
    name, clip, container, codec = VIDEOS[kind]
    info, frames = seen(render(tmp_path / name, clip))
    assert (info.kind, info.codec) == (MediaKind.VIDEO, codec)
    assert container in info.container
    width = 192 if codec == "h263" else clip.width  # its pixels are 12:11
    assert (info.width, info.height) == (width, clip.height)
    assert info.duration_s == pytest.approx(2, abs=0.3)
    assert info.fps == pytest.approx(25)
    assert len(frames) >= 18
    for frame in frames:
        assert frame.shape == (clip.height, width, 3)
        assert frame.dtype == np.uint8
        assert near(frame[5, 5], fakes.RED, within=12)
        assert near(frame[5, -5], fakes.BLUE, within=12)


@pytest.mark.parametrize("kind", ["CCTV, Dahua (.dav)"])
def test_a_recording_of_a_known_recorder_is_a_video(tmp_path: Path, kind: str) -> None:
    info, frames = seen(recordings.dahua(tmp_path / "a.dav"))
    assert (info.kind, info.container, info.codec) == (MediaKind.VIDEO, "dhav", "h264")
    assert near(frames[0][5, 5], fakes.RED)
    assert len(frames) > 10


def animation(path: Path, length_s: tuple[float, ...]) -> Path:
    """Twelve numbered pictures, each shown for its time."""
    first, *others = (Image.fromarray(pattern(n, 96, 64)) for n in range(12))
    shown = [round(seconds * 1000) for seconds in length_s]
    first.save(path, save_all=True, append_images=others, duration=shown, loop=0, quality=90)
    return path


@pytest.mark.parametrize("kind", ANIMATIONS)
def test_an_animation_is_a_video(tmp_path: Path, kind: str) -> None:
    name, codec = ANIMATIONS[kind]
    info, frames = seen(animation(tmp_path / name, (0.1,) * 12))
    assert (info.kind, info.codec, info.width, info.height) == (MediaKind.VIDEO, codec, 96, 64)
    assert info.duration_s == pytest.approx(1.2)
    assert info.fps == pytest.approx(10)
    assert [number_in(frame) for frame in frames] == list(range(12))
    assert near(frames[0][5, 5], fakes.RED, within=12)


def still_of(tmp_path: Path, made: tuple[str, Any, dict[str, Any]]) -> npt.NDArray[np.uint8]:
    name, picture, options = made
    info, frames = seen(save(tmp_path / name, picture, options))
    assert (info.kind, info.width, info.height) == (MediaKind.STILL, 96, 64)
    assert info.duration_s is None
    (frame,) = frames
    assert frame.shape == (64, 96, 3)
    assert frame.dtype == np.uint8
    return frame


@pytest.mark.parametrize("kind", STILLS)
def test_a_still_gives_one_rgb_frame_of_its_size(tmp_path: Path, kind: str) -> None:
    frame = still_of(tmp_path, STILLS[kind])
    assert near(frame[5, 5], fakes.RED, within=12)
    assert near(frame[5, -5], fakes.BLUE, within=12)


@pytest.mark.parametrize("kind", GREYS)
def test_a_grey_still_gives_three_equal_channels(tmp_path: Path, kind: str) -> None:
    assert near(still_of(tmp_path, GREYS[kind])[5, 5], (80, 80, 80), within=2)


def test_reading_heif_registers_nothing_with_pillow(tmp_path: Path) -> None:
    Image.init()
    before = set(Image.OPEN)
    seen(save(tmp_path / "a.heic", PLAIN, {"quality": 95}))
    assert set(Image.OPEN) == before
