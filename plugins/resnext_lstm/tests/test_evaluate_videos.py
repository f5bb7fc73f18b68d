"""`forensics resnext-lstm evaluate --videos`: clips are analysed as the program serves them."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from click.testing import Result
from forensics_resnext_lstm.data import DataError
from forensics_resnext_lstm.detector import SequenceDetector
from forensics_resnext_lstm.evaluation.cases import FAILED, Known, known_videos
from forensics_resnext_lstm.evaluation.robustness import ALTERATIONS, CHAINS, encoded, scaled
from forensics_resnext_lstm.evaluation.scoring_clips import clip_trials, equipment_of
from tiny import called, entry_of, quiet, recurrent_network, settings_of, write_index

from forensics.records import Calibration, MediaKind
from forensics.weights import put, read

CALIBRATION = Calibration(1.0, 0.0, 2.0, 0.31, -0.1, 64, 3, (MediaKind.VIDEO, MediaKind.STILL))
COLUMNS = ("file", "label", "source", "identity", "method", "dataset")
ROWS = [
    ("real.mp4", "real", "183", "", "camera", "made"),
    ("fake.mp4", "fake", "183_253", "", "swap", "made"),
    ("empty.mp4", "fake", "253_183", "", "swap", "made"),
    ("broken.mp4", "real", "253", "", "camera", "made"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of a face, one dark; one without a face; one that is no video; weights whose recurrence counts."""
    path = tmp_path_factory.mktemp("videos")
    put(replace(entry_of(recurrent_network(), path), calibration=CALIBRATION))
    render(path / "real.mp4", face(1.0))
    render(path / "fake.mp4", face(0.6))
    render(path / "empty.mp4", np.full((240, 320, 3), 90, np.uint8))
    (path / "broken.mp4").write_bytes(b"no video at all" * 100)
    write_rows(path / "index.csv", ROWS)
    return path


def face(light: float) -> np.ndarray:
    """A frame with the face of a public-domain portrait."""
    from skimage import data

    portrait = np.asarray(data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]
    picture = np.full((240, 320, 3), 90, np.uint8)
    picture[:, 40:280] = cv2.resize(portrait[:300, 80:380], (240, 240))
    return (picture * light).astype(np.uint8)


def render(path: Path, picture: np.ndarray) -> None:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = picture.shape[1], picture.shape[0], "yuv420p"
        for step in range(12):
            moved = np.roll(picture, 2 * step, axis=1)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="rgb24")))
        output.mux(stream.encode())


def frames_in(path: Path) -> int:
    with av.open(str(path)) as clip:
        return sum(1 for _ in clip.decode(video=0))


def write_rows(path: Path, rows: Sequence[tuple[str, ...]]) -> Path:
    """Write an index of as many columns as the rows have."""
    return write_index(path, rows, COLUMNS[: len(rows[0]) if rows else None])


def run(folder: Path, index: Path, *words: str) -> Result:
    given = ["evaluate", "--weights", str(folder), "--videos", str(folder), "--index", str(index)]
    return called(*given, "--device", "cpu", *words)


def test_videos_are_measured_and_those_without_a_score_are_named(folder: Path) -> None:
    result = run(folder, folder / "index.csv", "--json", "--page", str(folder / "page.png"))
    found = json.loads(result.stdout)
    assert (found["n"], found["unit"], found["clusters"]) == (2, "videos", 1)
    assert found["auc"]["low"] is None
    assert found["pairs"]["of"] == 1
    assert {one["file"]: one["outcome"] for one in found["failed"]} == {
        "empty.mp4": "not_assessed",
        "broken.mp4": "failed",
    }
    assert (found["verdicts"]["fake"]["not_assessed"], found["verdicts"]["real"]["failed"]) == (
        1,
        1,
    )
    assert not found["untrained"]
    assert "1/4 fake.mp4" in result.stderr
    assert (folder / "page.png").is_file()


def test_trial_holds_what_the_detector_served_and_the_mean_of_its_frames(folder: Path) -> None:
    (entry,) = read(folder / "manifest.toml").entries
    detector = SequenceDetector(entry, settings_of(folder))
    bare = SequenceDetector(replace(entry, calibration=None), settings_of(folder))
    known = known_videos(folder / "index.csv", folder)[:1]
    (trial,), (raw,) = (
        clip_trials(equipment_of(voices, settings_of(folder)), voices, known, folder, quiet)["it"]
        for voices in ({"it": [detector]}, {"it": [bare]})
    )
    assert trial.score == pytest.approx(raw.score)
    assert trial.mean != pytest.approx(trial.score)  # the recurrence counts
    assert trial.log10_lr == pytest.approx((trial.score or 0) / np.log(10), abs=1e-3)
    assert trial.outcome in ("fake", "real", "inconclusive")
    assert (raw.log10_lr, raw.outcome) == (None, "inconclusive")
    assert trial.face_px is not None
    assert trial.face_px > 64


def test_robustness_encodes_again_and_alters_what_was_found(folder: Path) -> None:
    found = json.loads(run(folder, folder / "index.csv", "--robustness", "--json").stdout)
    count = {one["name"]: one["n"] for one in found["robustness"]}
    assert count["JPEG 30"] == count["360p crf 38"] == count["480p crf 32, twice"] == 2
    lost = {one["name"]: one["verdicts"]["real"]["failed"] for one in found["robustness"]}
    assert lost["480p crf 32"] == 1
    assert "face over 128 px" in count


def test_several_entries_are_measured_together_under_every_condition(
    folder: Path, tmp_path: Path
) -> None:
    weights = Path(shutil.copytree(folder, tmp_path / "copy"))
    (entry,) = read(weights / "manifest.toml").entries
    put(replace(entry, name="again", calibration=replace(CALIBRATION, slope=0.5)))
    words = ("--entry", "resnext-lstm", "--entry", "again", "--robustness", "--json")
    found = json.loads(run(weights, weights / "index.csv", *words).stdout)
    assert found["entry"] == "resnext-lstm + again"
    count = {one["name"]: one["n"] for one in found["robustness"]}
    assert {*ALTERATIONS, *CHAINS} <= count.keys()
    assert {count[name] for name in (*ALTERATIONS, *CHAINS)} == {found["n"]} == {2}


def test_verdict_of_two_equal_detectors_is_that_of_one(folder: Path) -> None:
    (entry,) = read(folder / "manifest.toml").entries
    settings = settings_of(folder)
    one, two = (SequenceDetector(replace(entry, name=name), settings) for name in ("a", "b"))
    voices = {"alone": [one], "together": [one, two]}
    equipment = equipment_of({"both": [one, two]}, settings)
    known = known_videos(folder / "index.csv", folder)[:1]
    found = clip_trials(equipment, voices, known, folder, quiet)
    (alone,), (both,) = found["alone"], found["together"]
    assert both.outcome == alone.outcome
    assert both.score == both.log10_lr == pytest.approx(alone.log10_lr)


def test_chain_leaves_a_smaller_clip_and_names_what_can_not_be_encoded(folder: Path) -> None:
    known = [Known("real.mp4", "", False), Known("broken.mp4", "", True)]
    with encoded(known, folder, CHAINS["360p crf 38"]) as (target, done, failed):
        assert frames_in(target / done[0].file) == 12
    assert not target.exists()
    assert [(one.known.file, one.outcome) for one in failed] == [("broken.mp4", FAILED)]
    assert scaled(1920, 1080, 480) == (854, 480)
    assert scaled(320, 240, 480) == (320, 240)


WRONG = [
    pytest.param([("real.mp4", "", "a")], r"row 2: real.mp4: label is ''", id="missing-label"),
    pytest.param([("real.mp4", "no", "a")], r"row 2: real.mp4: label is 'no'", id="unknown-label"),
    pytest.param([("x.mp4", "real", "a")], r"row 2: x.mp4: there is no such file", id="no-file"),
    pytest.param([("real.mp4", "real")], r"row 2: it lacks the column 'source'", id="no-source"),
    pytest.param([("real.mp4", "real", "a")], "of 1 videos 0 are fake", id="one-class"),
    pytest.param([], "lists no videos", id="empty-index"),
]


@pytest.mark.parametrize(("rows", "says"), WRONG)
def test_wrong_index_is_refused_by_file_and_row(
    folder: Path, tmp_path: Path, rows: list[tuple[str, ...]], says: str
) -> None:
    index = write_rows(tmp_path / "wrong.csv", rows)
    with pytest.raises(DataError, match=says) as caught:
        run(folder, index)
    assert "wrong.csv" in str(caught.value)


def test_one_kind_left_after_scoring_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    index = write_rows(tmp_path / "left.csv", [ROWS[0], ROWS[2]])
    with pytest.raises(DataError, match=r"not of both kinds.*empty.mp4 \(no face was found\)"):
        run(folder, index)


def test_source_that_many_real_files_share_is_their_data_set(folder: Path, tmp_path: Path) -> None:
    rows = [("real.mp4", "real", "phone")] * 4 + [("fake.mp4", "fake", "net")]
    known = known_videos(write_rows(tmp_path / "plain.csv", rows), folder)
    assert [one.dataset for one in known] == [*["phone"] * 4, "net"]
    assert [one.people for one in known] == [frozenset()] * 5


def test_source_of_a_single_real_file_is_its_video(folder: Path, tmp_path: Path) -> None:
    rows = [("real.mp4", "real", "183"), ("fake.mp4", "fake", "183_253")]
    known = known_videos(write_rows(tmp_path / "plain.csv", rows), folder)
    assert [(one.dataset, one.original) for one in known] == [("", "183"), ("", "183_253")]
