"""Copies for browsers: the right moments, the right way up, whatever the file was; and nothing of what a file must not do."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine

from forensics.evidence import previews
from forensics.evidence.previews import Copies, Copy, CopyState
from forensics.media import transcode
from forensics.records import MediaInfo, MediaKind
from forensics.settings import Settings
from forensics.store.database import connect, writing
from forensics.store.models import Media, Sighting
from forensics.store.paths import hashed

from ..fakes import Clip, number_in, pattern, render, still

NOW = datetime(2026, 11, 25, tzinfo=UTC)
UNEVEN = (0, 1, 2, 7, 8, 9, 15, 16, 17, 40)
FPS = 12


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    found = connect(sqlite_url)
    yield found
    found.dispose()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(evidence_folder=str(tmp_path / "evidence"), threads=1)


@pytest.fixture
def copies(settings: Settings, engine: Engine) -> Iterator[Copies]:
    found = Copies(settings, engine)
    yield found
    found.close()


@pytest.fixture
def stored(engine: Engine) -> Callable[..., MediaInfo]:
    """Return what puts a file into the database as an analysis does; it returns the file's MediaInfo."""

    def store(path: Path, kind: str = "video", container: str = "matroska,webm") -> MediaInfo:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        status, name = path.stat(), str(path)
        with writing(engine) as session:
            media = Media(sha256=digest, size_bytes=status.st_size, first_seen_at=NOW)
            seen = Sighting(
                path_key=os.fsencode(name),
                path_hash=hashed(name),
                path=name,
                size_bytes=status.st_size,
                mtime_ns=status.st_mtime_ns,
                inode=status.st_ino,
                seen_at=NOW,
                media=media,
            )
            session.add(seen)
        return MediaInfo(digest, status.st_size, MediaKind(kind), container, "any", 96, 64, 4.0)

    return store


def pictures(copy: Copy) -> list[tuple[float, Any]]:
    """Return the times and the RGB pictures of a copy."""
    assert copy.state is CopyState.READY, copy.message
    with av.open(str(copy.path)) as opened:
        stream = opened.streams.video[0]
        return [
            (float(frame.time or 0), frame.to_ndarray(format="rgb24"))
            for frame in opened.decode(stream)
        ]


def test_moments_of_a_copy_are_those_of_the_original(
    copies: Copies, stored: Callable[..., Any], tmp_path: Path
) -> None:
    clip = Clip(fps=FPS, frames=len(UNEVEN), stamps=UNEVEN, width=128)
    found = pictures(copies.make(stored(render(tmp_path / "uneven.mp4", clip))))
    assert [number_in(picture) for _, picture in found] == list(range(len(UNEVEN)))
    for (time_s, _), stamp in zip(found, UNEVEN, strict=True):
        assert stamp / FPS - 0.002 < time_s <= stamp / FPS


def test_turned_clip_is_copied_upright_and_small(
    copies: Copies, stored: Callable[..., Any], tmp_path: Path
) -> None:
    clip = Clip(rotation=90, width=1280, height=960, frames=3)
    _, picture = pictures(copies.make(stored(render(tmp_path / "turned.mp4", clip))))[0]
    assert picture.shape == (720, 540, 3)
    with_red = picture.astype(int)[..., 0] - picture.astype(int)[..., 2] > 100
    rows, columns = np.nonzero(with_red)
    assert rows.mean() > 360
    assert columns.mean() < 270


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_animations_become_videos(
    ending: str, copies: Copies, stored: Callable[..., Any], tmp_path: Path
) -> None:
    frames = [Image.fromarray(pattern(n, 96, 64)) for n in range(4)]
    path = tmp_path / f"animation.{ending}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=200, lossless=True)
    found = pictures(copies.make(stored(path, container=ending)))
    assert [round(time_s, 1) for time_s, _ in found] == [0.0, 0.2, 0.4, 0.6]
    assert [number_in(picture) for _, picture in found] == [0, 1, 2, 3]


def test_still_that_browsers_do_not_know_becomes_a_jpeg(
    copies: Copies, stored: Callable[..., Any], tmp_path: Path
) -> None:
    copy = copies.make(stored(still(tmp_path / "picture.tiff"), "still", "tiff"))
    assert copy.state is CopyState.READY
    assert copy.media_type == "image/jpeg"
    assert copy.path is not None
    with Image.open(copy.path) as image:
        assert (image.format, image.size) == ("JPEG", (96, 64))


def test_copy_is_made_once_and_kept(
    copies: Copies, stored: Callable[..., Any], engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    path = render(tmp_path / "clip.mkv")
    media = stored(path)
    first = copies.make(media)
    path.unlink()
    again = Copies(settings, engine)
    assert again.ask(media) == first
    again.close()
    assert previews.forget(settings, media.sha256) == 1
    assert copies.kept(media) is None


def test_asking_begins_the_making_and_does_not_wait(
    copies: Copies, stored: Callable[..., Any], tmp_path: Path
) -> None:
    media = stored(render(tmp_path / "clip.mkv"))
    assert copies.ask(media).state is CopyState.MAKING
    until = time.monotonic() + 60
    while (copy := copies.ask(media)).state is CopyState.MAKING:
        assert time.monotonic() < until
        assert 0 <= copy.share <= 1
    assert copy.state is CopyState.READY


def test_long_work_ends_the_copy_early_and_says_where(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcode, "TELL_S", 0.0)
    path = render(tmp_path / "clip.mkv")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    limits = transcode.Limits(budget_s=0)
    made, until_s = transcode.copied([str(path)], digest, tmp_path, settings, limits, print)
    assert until_s == 0
    previews.place(settings, digest, "webm").parent.mkdir(parents=True)
    previews.keep(settings, digest, made, until_s)
    kept = Copies(settings, connect("sqlite:////nowhere.sqlite3")).kept(
        MediaInfo(digest, 9, MediaKind.VIDEO, "mp4", "h264", 96, 64)
    )
    assert kept
    assert kept.message == "The copy ends after 0 seconds."


def test_file_that_is_gone_or_other_is_said_and_tried_again_later(
    stored: Callable[..., Any], engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    clock = iter([0.0, 10.0, 100.0])
    copies = Copies(settings, engine, lambda: next(clock))
    path = render(tmp_path / "clip.mkv")
    media = stored(path)
    path.write_bytes(b"other bytes")
    assert "has other bytes than when it was examined" in copies.make(media).message
    assert copies.ask(media).state is CopyState.FAILED
    assert copies.ask(media).state is CopyState.MAKING
    copies.close()


def test_broken_file_fails_with_a_sentence(
    copies: Copies, stored: Callable[..., Any], settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "broken.mkv"
    path.write_bytes(render(tmp_path / "clip.mkv").read_bytes()[:600])
    copy = copies.make(stored(path))
    assert copy.state is CopyState.FAILED
    assert "no picture can be decoded" in copy.message
    assert not [*Path(settings.evidence_folder).rglob("*.*")]


def test_process_that_takes_too_long_is_ended(
    stored: Callable[..., Any],
    engine: Engine,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(previews, "GRACE_S", 0.0)
    copies = Copies(replace(settings, deadline_max_s=0.1), engine)
    copy = copies.make(stored(render(tmp_path / "clip.mkv")))
    assert copy.message == "No copy could be made: its process was ended."
    copies.close()


def test_no_picture_is_kept_where_none_is_wanted(
    stored: Callable[..., Any], engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    copies = Copies(replace(settings, thumbnails="off"), engine)
    copy = copies.ask(stored(render(tmp_path / "clip.mkv")))
    assert copy.state is CopyState.FAILED
    assert "thumbnails" in copy.message
    copies.close()


def test_what_a_copier_made_is_no_way_to_other_files(
    stored: Callable[..., Any],
    copies: Copies,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")

    def taken_over(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        Path(request["scratch"], "copy.webm").symlink_to(secret)
        yield {"file": "copy.webm", "until_s": None}

    monkeypatch.setattr(copies, "_answers", taken_over)
    media = stored(render(tmp_path / "clip.mkv"))
    assert copies.make(media).state is CopyState.FAILED
    assert copies.kept(media) is None


def test_copy_of_a_content_that_was_erased_meanwhile_is_not_kept(
    stored: Callable[..., Any],
    copies: Copies,
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def erased(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        with writing(engine) as session:
            session.query(Sighting).delete()
        Path(request["scratch"], "copy.webm").write_bytes(b"made")
        yield {"file": "copy.webm", "until_s": None}

    monkeypatch.setattr(copies, "_answers", erased)
    copy = copies.make(stored(render(tmp_path / "clip.mkv")))
    assert copy.message == "No copy is kept: the file was removed meanwhile."


def test_old_copies_and_what_a_killed_process_left_are_removed(
    settings: Settings, tmp_path: Path
) -> None:
    copy = previews.place(settings, "ab" * 32, "webm")
    left = copy.with_name(".making-x")
    left.mkdir(parents=True)
    (left / "copy.webm").write_bytes(b"half")
    copy.write_bytes(b"whole")
    now = copy.stat().st_mtime
    assert previews.forget_older(settings, 3600, now + 60) == 0
    assert copy.exists()
    assert previews.forget_older(settings, 3600, now + 7 * 86_400) == 1
    assert not [*copy.parent.iterdir()]


def test_whoever_asks_loads_no_decoder() -> None:
    code = "import forensics.evidence.previews, sys; print(sorted({'torch', 'cv2', 'av', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
