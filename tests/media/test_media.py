import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from forensics.errors import ErrorCode, MediaError
from forensics.media import opened
from forensics.records import MediaInfo, MediaKind
from forensics.settings import Settings

from .. import fakes
from ..fakes import Clip, Picture, render, still


def seen(path: Path | str, settings: Settings | None = None) -> tuple[MediaInfo, list[Picture]]:
    """Probe and sample a file."""
    settings = settings or Settings()
    with opened(str(path), settings) as media:
        info = media.probe(media.sha256())
        frames = [frame.pixels for frame in media.sample(info, settings)]
        media.check_unchanged()
    return info, frames


def near(pixel: Picture, colour: tuple[int, int, int], within: int = 30) -> bool:
    return bool(np.abs(pixel.astype(int) - colour).max() <= within)


def test_content_decides_and_not_the_name(tmp_path: Path) -> None:
    assert seen(still(tmp_path / "a.png").rename(tmp_path / "a.mp4"))[0].kind is MediaKind.STILL
    assert seen(render(tmp_path / "b.mp4").rename(tmp_path / "b.jpg"))[0].kind is MediaKind.VIDEO


@pytest.mark.parametrize(
    ("orientation", "size", "upper_left"),
    [
        pytest.param(1, (96, 64), fakes.RED, id="upright"),
        pytest.param(2, (96, 64), fakes.BLUE, id="mirrored"),
        pytest.param(6, (64, 96), None, id="turned"),
        pytest.param(8, (64, 96), fakes.BLUE, id="turned the other way"),
    ],
)
def test_a_still_is_turned_by_its_exif_orientation(
    tmp_path: Path, orientation: int, size: tuple[int, int], upper_left: tuple[int, int, int] | None
) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = orientation
    info, frames = seen(still(tmp_path / "a.jpg", exif=exif, quality=95))
    assert (info.width, info.height) == size == frames[0].shape[1::-1]
    assert upper_left is None or near(frames[0][5, 5], upper_left)
    assert upper_left is not None or near(frames[0][5, -5], fakes.RED)


def test_a_live_webm_without_a_duration_is_measured(tmp_path: Path) -> None:
    live = Clip(codec="libvpx", options=(("live", "1"),))
    assert seen(render(tmp_path / "a.webm", live))[0].duration_s == pytest.approx(2, abs=0.05)


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4")
    with opened(str(path)) as media:
        assert media.sha256() == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_name_that_is_not_utf8_works_and_is_shown(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4")
    Path(name).write_bytes(render(tmp_path / "a.mp4").read_bytes())
    assert len(seen(name)[1]) == 20
    with opened(name) as media:
        assert media.name.endswith("caf\\xe9.mp4")


def test_a_file_that_grows_while_it_is_read_has_changed(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4")
    with opened(str(path)) as media:
        media.check_unchanged()
        with path.open("ab") as file:
            file.write(b"more")
        with pytest.raises(MediaError) as caught:
            media.check_unchanged()
    assert caught.value.code is ErrorCode.CHANGED


def test_a_file_replaced_under_its_name_is_analysed_as_it_was_opened(tmp_path: Path) -> None:
    path, other = render(tmp_path / "a.mp4"), still(tmp_path / "b.png")
    with opened(str(path)) as media:
        other.rename(path)
        media.check_unchanged()
        assert media.probe(media.sha256()).kind is MediaKind.VIDEO


def test_the_source_folder_is_left_as_it_was(tmp_path: Path) -> None:
    render(tmp_path / "a.mp4")
    still(tmp_path / "b.jpg")
    (tmp_path / "c.mp4").write_text("This is no video.")
    for path in tmp_path.iterdir():
        os.utime(
            path, ns=(10**18, 2 * 10**18)
        )  # read long before it was written: relatime would note it
        path.chmod(0o444)
    tmp_path.chmod(0o555)
    before = fakes.snapshot(tmp_path)
    seen(tmp_path / "a.mp4")
    seen(tmp_path / "b.jpg")
    with pytest.raises(MediaError):
        seen(tmp_path / "c.mp4")
    assert fakes.snapshot(tmp_path) == before
    tmp_path.chmod(0o755)


def test_closing_leaves_no_descriptor_open(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4")
    seen(path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    seen(path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
