"""Pictures of a verdict: the frames that were sampled, the faces that were scored, and why some are lacking."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine

from forensics.evidence import thumbnails
from forensics.evidence.thumbnails import FaceShot, FrameShot, Gallery, Shots
from forensics.faces import CropGeometry, crop_frame
from forensics.process.child import Child
from forensics.records import (
    Box,
    FrameScore,
    HeatMap,
    Label,
    MediaInfo,
    MediaKind,
    Verdict,
)
from forensics.settings import Settings
from forensics.store import jobs
from forensics.store.database import writing
from forensics.store.ledger.verdicts import finish as record_verdict

from .. import builders
from ..fakes import Clip, Picture, face_moving, number_in, portrait, render
from ..store import samples

TIMES_S = (0.0, 0.04, 0.08, 0.84, 0.88, 1.6, 1.64)
CROP = {"scale": 0.82, "shift": 0.1, "px": 112}
PIPELINE = {**samples.PIPELINE, "sampling": {}}

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(evidence_folder=str(tmp_path / "evidence"))


def scored(times_s: Sequence[float], box: Box, track: int = 1) -> tuple[FrameScore, ...]:
    heat = HeatMap.of([[0.0, 1.0], [0.5, 0.0]], 1.0)
    return tuple(FrameScore(time_s, track, box, 0.5, heat) for time_s in times_s)


def verdict(
    path: Path,
    faces: tuple[FrameScore, ...] = (),
    times_s: Sequence[float] = TIMES_S,
    kind: MediaKind = MediaKind.VIDEO,
    size: tuple[int, int] = (96, 64),
) -> Verdict:
    data = path.read_bytes()
    container = "mov,mp4,m4a,3gp,3g2,mj2" if kind is MediaKind.VIDEO else "png"
    info = MediaInfo(hashlib.sha256(data).hexdigest(), len(data), kind, container, "h264", *size)
    ids = sorted({face.track for face in faces})
    tracks = (builders.track(i, 10.0 - i, frames=len(times_s), median_face_px=40.0) for i in ids)
    findings = [builders.finding(*tracks, frames=faces, name="colour")] if faces else []
    record = {
        "pipeline": PIPELINE,
        "sampled_s": [*times_s],
        "parameters": {"colour": {"crop": CROP}},
    }
    return builders.verdict(
        *findings, label=Label.REAL, coverage=None, media=info, provenance=record
    )


def stored(engine: Engine, path: Path | str, found: Verdict) -> int:
    """Store a verdict as if a worker had analysed the file; returns its id."""
    status = os.stat(path)  # noqa: PTH116  a name that is not UTF-8
    file = jobs.SeenFile(str(path), status.st_size, status.st_mtime_ns, status.st_ino)
    (job_id,) = samples.sight(engine, file, again=True).job_ids
    claimed = samples.claim(engine, only=[job_id])
    with writing(engine) as session:
        jobs.begin(
            session,
            claimed,
            found.media.sha256,
            found.media.size_bytes,
            PIPELINE,
            is_default=True,
            force=True,
            now=samples.NOW,
        )
        return record_verdict(session, claimed, found, samples.NOW)


def pixels(path: Path) -> Picture:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), np.uint8)


def sizes(shots: Sequence[FrameShot | FaceShot]) -> list[tuple[int, ...]]:
    """Return the pictures' heights and widths."""
    return [pixels(shot.picture.path).shape[:2] for shot in shots]


def nothing_starts(*known: object) -> Child:
    raise AssertionError("a process was started")


def test_every_sampled_frame_has_its_picture(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    clip = render(tmp_path / "a.mp4", Clip(gop=12))
    shots = Gallery(settings, engine).shots(stored(engine, clip, verdict(clip)))
    assert shots.lacking is None
    assert [shot.time_s for shot in shots.frames] == [*TIMES_S]
    numbers = [number_in(pixels(shot.picture.path)) for shot in shots.frames]
    assert numbers == [round(25 * time_s) for time_s in TIMES_S]
    picture = shots.frames[0].picture
    assert (picture.height, picture.width) == pixels(picture.path).shape[:2] == (64, 96)
    assert picture.sha256 == hashlib.sha256(picture.path.read_bytes()).hexdigest()


def test_large_frames_are_shown_small(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    clip = render(tmp_path / "a.mp4", Clip(width=960, height=540, frames=4))
    shots = Gallery(settings, engine).shots(stored(engine, clip, verdict(clip, times_s=[0.04])))
    assert sizes(shots.frames) == [(180, 320)]


def faces_of(engine: Engine, settings: Settings, folder: Path) -> Shots:
    """Return the pictures of a clip with a face that stands still, in two of its frames."""
    paint = face_moving(side=160, step=0)
    clip = render(folder / "face.mp4", Clip(width=320, height=180, frames=10, paint=paint))
    box = (52.0, 34.0, 47.0, 59.0)
    found = verdict(clip, scored((0.04, 0.2), box), times_s=(0.04, 0.12, 0.2))
    return Gallery(settings, engine).shots(stored(engine, clip, found))


def test_face_is_the_square_that_the_network_saw(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    shots = faces_of(engine, settings, tmp_path)
    assert [(shot.track, shot.time_s) for shot in shots.faces] == [(1, 0.04), (1, 0.2)]
    face = shots.faces[0]
    frame = pixels(shots.frames[0].picture.path)
    expected = crop_frame(frame, face.box, CropGeometry(0.82, 0.1, 160)).astype(int)
    assert np.abs(pixels(face.picture.path) - expected).mean() < 4
    left, top, side = face.region
    assert side == round(0.82 * 59)
    assert left == pytest.approx(52 + 47 / 2 - side / 2, abs=1)
    assert top == pytest.approx(34 + 59 / 2 + 0.1 * side - side / 2, abs=1)


def detail(picture: Picture) -> float:
    """Return how much of a picture is lost when it is brought to 12 x 12 colours."""
    few = cv2.resize(picture, (12, 12), interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(few, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return float(np.abs(picture.astype(int) - coarse).mean())


def test_blurred_pictures_show_nobody(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    clear = faces_of(engine, settings, tmp_path)
    blurred = faces_of(engine, replace(settings, thumbnails="blurred"), tmp_path)
    assert len(blurred.faces) == len(clear.faces) == 2
    for one, other in zip(clear.faces, blurred.faces, strict=True):
        assert detail(pixels(other.picture.path)) < 0.4 * detail(pixels(one.picture.path))
    face, shoulders = np.s_[36:92, 54:97], np.s_[120:158, 30:130]
    for sharp, soft in zip(clear.frames, blurred.frames, strict=True):  # also where it is unfound
        before, after = pixels(sharp.picture.path), pixels(soft.picture.path)
        assert detail(after[face]) < 0.4 * detail(before[face])
        assert detail(after[shoulders]) == pytest.approx(detail(before[shoulders]), rel=0.1)


def test_no_pictures_are_made_where_none_are_wanted(
    engine: Engine, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "Child", nothing_starts)
    shots = faces_of(engine, replace(settings, thumbnails="off"), tmp_path)
    assert shots == Shots((), (), thumbnails.OFF)
    assert not (tmp_path / "evidence").exists()


def test_pictures_are_made_once_and_again_when_one_is_gone(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    clip = render(tmp_path / "a.mp4", Clip())
    verdict_id = stored(engine, clip, verdict(clip))
    first = Gallery(settings, engine).shots(verdict_id)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(thumbnails, "Child", nothing_starts)
        assert Gallery(settings, engine).shots(verdict_id) == first
    first.frames[1].picture.path.unlink()
    assert Gallery(settings, engine).shots(verdict_id) == first
    assert first.frames[1].picture.path.is_file()


def test_file_with_other_bytes_gives_no_picture(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    clip = render(tmp_path / "a.mp4", Clip())
    verdict_id = stored(engine, clip, verdict(clip))
    render(clip, Clip(frames=60))
    clock = [0.0]
    one = Gallery(settings, engine, lambda: clock[0])
    shots = one.shots(verdict_id)
    assert (shots.frames, shots.faces) == ((), ())
    assert "a.mp4 has changed since" in str(shots.lacking)
    clip.unlink()
    assert one.shots(verdict_id) == shots  # it is not asked again at once
    clock[0] = thumbnails.FORGET_S
    assert "a.mp4: is not there any more" in str(one.shots(verdict_id).lacking)


def test_copy_elsewhere_is_as_good(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    clip, copy = render(tmp_path / "a.mp4", Clip()), tmp_path / "b.mp4"
    copy.write_bytes(clip.read_bytes())
    stored(engine, copy, verdict(copy))
    verdict_id = stored(engine, clip, verdict(clip))
    clip.unlink()
    shots = Gallery(settings, engine).shots(verdict_id)
    assert (len(shots.frames), shots.lacking) == (len(TIMES_S), None)


def test_name_that_is_not_text_is_no_obstacle(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    clip = render(tmp_path / "a.mp4", Clip())
    found = verdict(clip)
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/<script>\xff\n.mp4")
    os.rename(clip, odd)  # noqa: PTH104  a name that is not UTF-8
    shots = Gallery(settings, engine).shots(stored(engine, odd, found))
    assert (len(shots.frames), shots.lacking) == (len(TIMES_S), None)


def test_still_has_its_one_frame(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(portrait()).save(path)
    faces = scored([0.0], (177.0, 64.0, 90.0, 110.0))
    found = verdict(path, faces, [0.0], MediaKind.STILL, (512, 512))
    shots = Gallery(settings, engine).shots(stored(engine, path, found))
    assert sizes(shots.frames) == [(320, 320)]
    assert sizes(shots.faces) == [(160, 160)]


def test_camera_that_takes_too_long_is_killed(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    clip = render(tmp_path / "a.mp4", Clip())
    hasty = replace(settings, deadline_s=0.1, deadline_max_s=0.1)
    shots = Gallery(hasty, engine).shots(stored(engine, clip, verdict(clip)))
    assert shots.frames == ()
    assert "was ended" in str(shots.lacking)


def test_frames_that_are_not_found_again_are_counted(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    clip = render(tmp_path / "a.mp4", Clip(frames=10))
    found = verdict(clip, times_s=(0.0, 0.1, 0.2, 9.0))
    shots = Gallery(settings, engine).shots(stored(engine, clip, found))
    assert [shot.time_s for shot in shots.frames] == [0.0, 0.2]
    assert shots.lacking == "Only 2 of 4 frames were found again."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"sampled_s": []}, thumbnails.NO_TIMES, id="times-not-recorded"),
        pytest.param({}, "no verdict 2", id="no-such-verdict"),
    ],
)
def test_what_is_not_known_is_said(
    engine: Engine, settings: Settings, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    clip = render(tmp_path / "a.mp4", Clip(frames=5))
    found = verdict(clip)
    found = replace(found, provenance={**found.provenance, **change})
    verdict_id = stored(engine, clip, found)
    shots = Gallery(settings, engine).shots(verdict_id if change else 2)
    assert shots.frames == ()
    assert said in str(shots.lacking)


def test_folder_that_takes_nothing_costs_the_pictures_alone(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    clip = render(tmp_path / "a.mp4", Clip(frames=5))
    (tmp_path / "evidence").write_text("a file is in its place")
    shots = Gallery(settings, engine).shots(stored(engine, clip, verdict(clip)))
    assert str(shots.lacking).startswith("No pictures can be kept: ")
