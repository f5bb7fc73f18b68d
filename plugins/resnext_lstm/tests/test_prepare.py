import json
import operator
import shutil
import tarfile
from itertools import pairwise
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from click.testing import CliRunner, Result
from forensics_resnext_lstm.data import Crop, DataError, Place, middle, read_folder, read_index
from forensics_resnext_lstm.preparing.cutting import COLUMNS, Cut, Face
from forensics_resnext_lstm.preparing.face_workers import Crew, Target
from forensics_resnext_lstm.preparing.layouts import Video
from forensics_resnext_lstm.preparing.shards import Shards
from skimage import data
from tiny import as_jpeg

from forensics.cli import main
from forensics.settings import Settings


def jpeg(value: int) -> bytes:
    return as_jpeg(np.full((12, 12, 3), value, np.uint8))


def cut_of(name: str, faces: int) -> Cut:
    values = dict.fromkeys(COLUMNS, "")
    values |= {"label": "real", "original": name, "part": "3", "video": name, "margin": "1.5"}
    rows = [tuple((values | {"file": f"{name}/1-{i}.jpg"}).values()) for i in range(faces)]
    return Cut(name, tuple(Face(row, jpeg(60 + 5 * i)) for i, row in enumerate(rows)))


CUTS = [cut_of("b", 2), Cut("c", code="no_face", reason="c: no face"), cut_of("a", 3)]


def add(folder: Path, cuts: list[Cut], shard_bytes: int = 10**6) -> Shards:
    shards = Shards(folder, {"frames": 20}, shard_bytes)
    for cut in cuts:
        if cut.video not in shards.done:
            shards.add(cut)
    shards.write_index()
    shards.close()
    return shards


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_folder_is_a_tar_and_an_index_by_name(tmp_path: Path) -> None:
    add(tmp_path, CUTS)
    crops = read_folder(tmp_path)
    assert [crop.video for crop in crops] == ["a", "a", "a", "b", "b"]
    assert [crop.part for crop in crops] == [3] * 5
    assert abs(int(crops[1].read().mean()) - 65) < 3
    assert (crops[0].stored().shape, crops[0].read().shape) == ((12, 12, 3), (8, 8, 3))
    with tarfile.open(tmp_path / "faces-00000.tar", "r:") as tar:
        assert tar.getnames()[:2] == ["b/1-0.jpg", "b/1-1.jpg"]


def test_killed_at_any_byte_a_second_call_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    add(tmp_path / "whole", CUTS)
    whole = content(tmp_path / "whole")
    journal = whole["journal.jsonl"]
    for size in {0, 1, *range(5, len(journal), 97), len(journal) - 1}:
        folder = tmp_path / "killed"
        shutil.copytree(tmp_path / "whole", folder)
        (folder / "journal.jsonl").write_bytes(journal[:size])
        (folder / "index.csv").unlink()
        add(folder, CUTS)
        assert content(folder) == whole
        shutil.rmtree(folder)


def test_shards_are_begun_anew_when_one_is_full(tmp_path: Path) -> None:
    for some in (CUTS[:1], CUTS):
        add(tmp_path, some, shard_bytes=1)
    assert {crop.place.archive.name for crop in read_folder(tmp_path)} == {
        "faces-00000.tar",
        "faces-00001.tar",
    }
    assert len(read_folder(tmp_path)) == 5


def test_missing_video_is_looked_for_again_and_one_without_a_face_is_not(tmp_path: Path) -> None:
    shards = add(tmp_path, [Cut("a", code="vanished", reason="a: gone"), CUTS[1]])
    again = Shards(tmp_path, {"frames": 20})
    assert again.done == {"c"}
    again.add(cut_of("a", 1))
    assert [(line["video"], line["code"]) for line in again.lines()] == [
        ("a", ""),
        ("c", "no_face"),
    ]
    assert shards.folder == again.folder
    again.close()


def test_folder_of_other_terms_is_refused(tmp_path: Path) -> None:
    add(tmp_path, CUTS)
    with pytest.raises(DataError, match="was begun with frames = 20, not 8; choose another folder"):
        Shards(tmp_path, {"frames": 8})


def test_folder_in_use_is_refused(tmp_path: Path) -> None:
    shards = Shards(tmp_path, {})
    with pytest.raises(DataError, match="another process is preparing into it"):
        Shards(tmp_path, {})
    shards.close()
    Shards(tmp_path, {}).close()


def test_shortened_archive_is_refused(tmp_path: Path) -> None:
    add(tmp_path, CUTS)
    (tmp_path / "faces-00000.tar").write_bytes(b"")
    with pytest.raises(DataError, match=r"faces-00000.tar: is shorter than journal.jsonl says"):
        Shards(tmp_path, {"frames": 20})


def test_middle_of_a_picture_is_the_face_without_its_margin() -> None:
    picture = np.zeros((12, 12, 3), np.uint8)
    picture[2:10, 2:10] = 200
    assert (middle(picture, 1.5) == 200).all()
    assert middle(picture, 1.5).shape == (8, 8, 3)
    assert middle(picture, 1) is picture


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "index.csv: it holds no row; write one with", id="empty"),
        pytest.param("x.jpg,real,a,0,many,1.5", "x.jpg: track is 'many', not a number", id="track"),
        pytest.param("x.jpg,real,a,0,1,0.5", "margin is '0.5', must be from 1 to 8", id="margin"),
        pytest.param("x.jpg,,a,0,1,1.5", "x.jpg: label is '', not real or fake", id="label"),
    ],
)
def test_wrong_index_is_named(tmp_path: Path, text: str, message: str) -> None:
    add(tmp_path, [cut_of("x", 1)])
    archive = (tmp_path / "faces-00000.tar").read_bytes().replace(b"x/1-0.jpg", b"x.jpg\0\0\0\0")
    fixed = bytearray(archive)
    fixed[148:156] = b"%06o\0 " % (sum(fixed[:148]) + 8 * 32 + sum(fixed[156:512]))
    (tmp_path / "faces-00000.tar").write_bytes(fixed)
    index = tmp_path / "index.csv"
    index.write_text(f"file,label,original,part,track,margin\n{text}\n")
    with pytest.raises(DataError, match=message):
        read_index(index, [tmp_path / "faces-00000.tar"])


def test_archive_that_is_gone_is_named(tmp_path: Path) -> None:
    crop = Crop(Place(tmp_path / "gone.tar", 0, 5), False, "a", 0)
    with pytest.raises(DataError, match=r"gone.tar: can't be read"):
        crop.read()


def test_process_that_dies_costs_its_video_only() -> None:
    videos = [Video(name, Path("none.mp4"), False, name, "made") for name in "abc"]
    with Crew(Settings(workers=2), cast(Target, operator.is_)) as crew:  # ends at once
        found = list(crew.cut(videos))
    assert {(cut.video, cut.code) for cut in found} == {(name, "worker_died") for name in "abc"}


def clip(path: Path, picture: "np.typing.NDArray[np.uint8]") -> None:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=10)
        stream.width, stream.height = picture.shape[1], picture.shape[0]
        stream.pix_fmt = "yuv420p"
        for _ in range(12):
            output.mux(stream.encode(VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode())


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["resnext-lstm", "prepare", *map(str, args)])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four rows: a face, a grey picture, no video at all, and a file that is not there."""
    folder = tmp_path_factory.mktemp("made")
    portrait = np.asarray(data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]
    clip(folder / "face.mp4", portrait[:256, 100:356])
    clip(folder / "grey.mp4", np.full((64, 96, 3), 90, np.uint8))
    (folder / "broken.mp4").write_bytes(b"no video" * 100)
    rows = [f"{name}.mp4,real,{name},{name}" for name in ("face", "grey", "broken", "gone")]
    (folder / "index.csv").write_text("\n".join(["file,label,source,identity", *rows]))
    return folder


def test_prepared_folder_holds_the_faces_and_says_why_others_were_skipped(
    source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = run(source, "--out", out, "--frames", "4", "--workers", "1")
    assert result.exit_code == 0, result.output
    crops = read_folder(out)
    assert len({(crop.video, crop.track) for crop in crops}) == 1
    assert [crop.run for crop in crops] == sorted(crop.run for crop in crops)
    assert all(one.time_s < other.time_s for one, other in pairwise(crops))
    assert all(abs(crop.x - 124) < 15 and 60 < crop.face_px < 130 for crop in crops)
    assert np.std(crops[0].read()) > 30
    assert "4 videos: 1 prepared, 3 skipped" in result.output
    assert "skipped, no_face: 1; e.g. grey.mp4: no face" in result.output
    assert {"vanished", "unsupported"} <= {
        json.loads(line)["code"] for line in (out / "journal.jsonl").read_text().splitlines()
    }
    before = content(out)
    again = run(source, "--out", out, "--frames", "4", "--workers", "1", "--layout", "csv")
    assert "3/4  csv: 3 were done before" in again.output
    assert content(out)["index.csv"] == before["index.csv"]
    other = run(source, "--out", out, "--frames", "5")
    assert (other.exit_code, "was begun with frames = 4, not 5" in other.output) == (1, True)


def test_archives_of_crops_are_checked_and_not_copied(tmp_path: Path) -> None:
    add(tmp_path, CUTS)
    result = run(tmp_path)
    assert result.exit_code == 0, result.output
    assert "index.csv: 5 crops (5 real, 0 fake) of 2 source videos in 1 parts" in result.output
    crop = read_folder(tmp_path)[0]
    tar = bytearray(crop.place.archive.read_bytes())
    tar[crop.place.offset : crop.place.offset + 20] = bytes(20)
    crop.place.archive.write_bytes(tar)
    result = run(tmp_path)
    assert (result.exit_code, "can't be decoded" in result.output) == (1, True)


def test_folder_to_write_into_must_be_given(source: Path, tmp_path: Path) -> None:
    assert "give --out FOLDER" in run(source).output
    assert "no data set was recognised there" in run(tmp_path).output
