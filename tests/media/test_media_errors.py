import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forensics.errors import ErrorCode, MediaError
from forensics.settings import Settings

from .. import fakes
from ..fakes import Clip, render, still
from .test_media import seen


def failure(path: Path | str, settings: Settings | None = None) -> ErrorCode:
    """Return why a file can't be analysed."""
    with pytest.raises(MediaError) as caught:
        seen(path, settings)
    return caught.value.code


def playlist(path: Path) -> Path:
    """A playlist that names a video which is really there."""
    there = render(path.parent / "there.mp4")
    lines = ("#EXTM3U", "#EXT-X-TARGETDURATION:2", "#EXTINF:2,", str(there), "#EXT-X-ENDLIST", "")
    path.write_text("\n".join(lines))
    return path


def concat(path: Path) -> Path:
    """FFmpeg's own list format."""
    render(path.parent / "there.mp4")
    path.write_text("ffconcat version 1.0\nfile there.mp4\n")
    return path


def moov_at_the_end(path: Path) -> Path:
    return fakes.cut_short(path, render(path.parent / "whole.mp4"), 0.6)


def only_the_head(path: Path) -> Path:
    """The index is there, of the pictures nothing is."""
    whole = render(path.parent / "whole.mp4", Clip(options=(("movflags", "faststart"),)))
    content = whole.read_bytes()
    path.write_bytes(content[: content.index(b"mdat") + 4])
    return path


def broken_png(path: Path) -> Path:
    return fakes.cut_short(path, still(path.parent / "whole.png", fakes.portrait()), 0.5)


def test_name_in_a_message_cannot_command_a_terminal(tmp_path: Path) -> None:
    path = text(tmp_path / "a\x1b[2J\u202e.mp4")
    with pytest.raises(MediaError, match=r"a\\x1b\[2J\\xe2\\x80\\xae\.mp4") as caught:
        seen(path)
    assert str(caught.value).isprintable()


def text(path: Path) -> Path:
    path.write_text("This is no video.\n" * 100)
    return path


def subtitles(path: Path) -> Path:
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n\n" * 3)
    return path


def noise(path: Path) -> Path:
    path.write_bytes(np.random.default_rng(1).bytes(100_000))
    return path


def heif(path: Path) -> Path:
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    return path


def nothing(path: Path) -> Path:
    path.touch()
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def missing(path: Path) -> Path:
    return path


def sound_with_cover(path: Path) -> Path:
    return fakes.sound(path, cover=True)


@pytest.mark.parametrize(
    ("make", "name", "code"),
    [
        pytest.param(text, "a.mp4", ErrorCode.UNSUPPORTED, id="text"),
        pytest.param(subtitles, "a.mp4", ErrorCode.UNSUPPORTED, id="subtitles"),
        pytest.param(noise, "a.mp4", ErrorCode.UNSUPPORTED, id="noise"),
        pytest.param(playlist, "a.mp4", ErrorCode.UNSUPPORTED, id="playlist"),
        pytest.param(concat, "a.mp4", ErrorCode.UNSUPPORTED, id="concat list"),
        pytest.param(heif, "a.heic", ErrorCode.UNDECODABLE, id="broken heif"),
        pytest.param(folder, "a.mp4", ErrorCode.UNSUPPORTED, id="folder"),
        pytest.param(pipe, "a.mp4", ErrorCode.UNSUPPORTED, id="pipe"),
        pytest.param(moov_at_the_end, "a.mp4", ErrorCode.UNDECODABLE, id="no index"),
        pytest.param(only_the_head, "a.mp4", ErrorCode.UNDECODABLE, id="no pictures"),
        pytest.param(broken_png, "a.png", ErrorCode.UNDECODABLE, id="half a png"),
        pytest.param(fakes.sound, "a.mp4", ErrorCode.NO_VIDEO, id="sound in mp4"),
        pytest.param(fakes.speech, "a.wav", ErrorCode.NO_VIDEO, id="wav"),
        pytest.param(sound_with_cover, "a.mp3", ErrorCode.NO_VIDEO, id="cover in mp3"),
        pytest.param(sound_with_cover, "a.mp4", ErrorCode.NO_VIDEO, id="cover in mp4"),
        pytest.param(fakes.huge_png, "a.png", ErrorCode.TOO_LARGE, id="huge png"),
        pytest.param(fakes.huge_avi, "a.avi", ErrorCode.TOO_LARGE, id="huge avi"),
        pytest.param(fakes.huge_y4m, "a.y4m", ErrorCode.TOO_LARGE, id="huge y4m"),
        pytest.param(nothing, "a.mp4", ErrorCode.EMPTY, id="empty"),
        pytest.param(missing, "a.mp4", ErrorCode.VANISHED, id="missing"),
    ],
)
def test_a_file_that_cannot_be_analysed_says_why_and_keeps_stderr_clean(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    make: Callable[[Path], Path],
    name: str,
    code: ErrorCode,
) -> None:
    path = make(tmp_path / name)
    capfd.readouterr()
    assert failure(path) is code
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("make", [playlist, concat])
def test_a_list_does_not_open_the_files_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], Path]
) -> None:
    path = make(tmp_path / "a.mp4")
    monkeypatch.chdir(tmp_path)  # where FFmpeg would look for them
    assert failure(path) is ErrorCode.UNSUPPORTED


def test_an_unsupported_file_comes_with_advice(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="maker's player"):
        seen(text(tmp_path / "a.mp4"))


def test_a_larger_file_than_the_settings_allow_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with path.open("wb") as file:
        file.truncate(2_000_000)
    assert failure(path, Settings(max_file_mb=1)) is ErrorCode.TOO_LARGE


def test_more_pixels_than_the_settings_allow_are_too_large(tmp_path: Path) -> None:
    small = Settings(max_megapixels=0.005)
    assert failure(render(tmp_path / "a.mp4"), small) is ErrorCode.TOO_LARGE
    assert failure(still(tmp_path / "a.png"), small) is ErrorCode.TOO_LARGE


AS_NOBODY = """
import os, sys
from forensics.errors import MediaError
from forensics.media import opened
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    with opened(sys.argv[1]):
        pass
except MediaError as error:
    sys.exit(error.code)
"""


def test_a_file_without_permission_is_unreadable(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4")
    path.chmod(0)
    for above in (tmp_path, *tmp_path.parents[:3]):
        if above.name.startswith(("test_", "pytest-")):
            above.chmod(0o755)  # so that it is the file that refuses
    command = [sys.executable, "-c", AS_NOBODY, str(path)]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    assert child.stderr == "unreadable\n"
