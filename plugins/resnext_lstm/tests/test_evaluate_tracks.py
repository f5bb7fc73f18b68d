"""`evaluate --faces` on crops that were cut from videos: a video is one file, and its tracks are sequences."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from forensics_resnext_lstm.checkpoints import load
from forensics_resnext_lstm.data import DataError, read_index
from forensics_resnext_lstm.evaluation.cases import Trial
from forensics_resnext_lstm.evaluation.scoring_crops import Faces, crop_trials, known_crops
from forensics_resnext_lstm.model import normalise
from tiny import PX, as_jpeg, called, entry_of, quiet, recurrent_network, write_index, write_tar

from forensics.faces import resized
from forensics.records import Calibration, MediaKind
from forensics.weights import put, read

COLUMNS = ("file", "label", "original", "part", "video", "track", "time_s", "face_px")
CALIBRATION = Calibration(1.0, 0.0, 2.0, 0.31, -0.1, 64, 3, (MediaKind.VIDEO,))
TRACKS = [("real", "a", 1, 4), ("real", "a", 2, 3), ("fake", "fa", 1, 5), ("real", "b", 1, 2)]
ROWS = [
    (f"{video}/{n}-{i}.jpg", label, video[-1], "0", video, str(n), str(i / 5), "100")
    for label, video, n, frames in TRACKS
    for i in range(frames)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Faces of three videos, one of two people and one of two frames, and weights whose recurrence counts."""
    path = tmp_path_factory.mktemp("tracks")
    entry = entry_of(recurrent_network(), path, "bare")
    put(entry)
    put(replace(entry, name="calibrated", calibration=CALIBRATION))
    faces = {
        name: as_jpeg(np.random.default_rng(seed).integers(0, 256, (40, 40, 3), np.uint8))
        for seed, (name, *_) in enumerate(ROWS)
    }
    write_tar(path / "faces.tar", {**faces, "broken.jpg": b""})
    write_rows(path / "index.csv", ROWS)
    return path


def write_rows(path: Path, rows: Sequence[tuple[str, ...]], columns: int = len(COLUMNS)) -> Path:
    """Write an index of the first so many columns."""
    return write_index(path, [row[:columns] for row in rows], COLUMNS[:columns])


def files_of(folder: Path, index: Path) -> list[Faces]:
    return known_crops(index, [folder / "faces.tar"], None)


def trials_of(folder: Path, index: Path, name: str = "bare") -> dict[str, Trial]:
    (entry,) = [one for one in read(folder / "manifest.toml").entries if one.name == name]
    found = crop_trials(load(entry), entry, files_of(folder, index), quiet)
    return {trial.known.file: trial for trial in found}


@torch.inference_mode()
def score_of(folder: Path, *files: str) -> float:
    """Score crops as one sequence, in the order given, by the network's own forward pass."""
    crops = read_index(folder / "index.csv", [folder / "faces.tar"])
    of = {name: crop for (name, *_), crop in zip(ROWS, crops, strict=True)}
    faces = np.stack([resized(of[file].read(), PX) for file in files])
    model = load(read(folder / "manifest.toml").entries[0]).eval()
    x = normalise(torch.from_numpy(faces))[None]  # (1, T, 3, px, px)
    return float(model(x, torch.tensor([len(files)])).track)


def test_score_of_a_video_is_that_of_its_highest_track_as_a_sequence(folder: Path) -> None:
    trials = trials_of(folder, folder / "index.csv")
    assert list(trials) == ["a", "fa", "b"]
    fake = score_of(folder, *(f"fa/1-{i}.jpg" for i in range(5)))
    tracks = [score_of(folder, *(f"a/{n}-{i}.jpg" for i in range(5 - n))) for n in (1, 2)]
    assert trials["fa"].score == pytest.approx(fake, abs=1e-4)
    assert trials["a"].score == pytest.approx(max(tracks), abs=1e-4)
    assert trials["fa"].mean != pytest.approx(trials["fa"].score, abs=1e-3)
    assert trials["fa"].single == pytest.approx(frame_of(folder, "fa/1-2.jpg"), abs=1e-4)


def frame_of(folder: Path, file: str) -> float:
    """Return the frame score of one crop."""
    index = write_rows(folder / "single.csv", ROWS, columns=4)
    score = trials_of(folder, index)[file].mean
    assert score is not None
    return score


def test_crops_of_a_track_are_put_in_order_of_time(folder: Path, tmp_path: Path) -> None:
    index = write_rows(tmp_path / "backwards.csv", ROWS[::-1])
    forwards, backwards = trials_of(folder, folder / "index.csv"), trials_of(folder, index)
    assert {file: trial.score for file, trial in backwards.items()} == pytest.approx(
        {file: trial.score for file, trial in forwards.items()}, abs=1e-4
    )


def test_without_video_track_and_time_every_crop_is_a_file(folder: Path, tmp_path: Path) -> None:
    for columns in (4, 5, 6):
        index = write_rows(tmp_path / "index.csv", ROWS, columns)
        assert [one.known.file for one in files_of(folder, index)] == [name for name, *_ in ROWS]


def test_track_too_short_for_the_calibration_decides_nothing(folder: Path) -> None:
    trials = trials_of(folder, folder / "index.csv", "calibrated")
    assert (trials["b"].outcome, trials["b"].log10_lr) == ("inconclusive", None)
    assert trials["a"].log10_lr is not None
    assert (trials["a"].face_px, trials["b"].face_px) == (100, 100)


def test_broken_crop_of_a_video_is_named_with_its_file(folder: Path, tmp_path: Path) -> None:
    index = write_rows(tmp_path / "broken.csv", [*ROWS, ("broken.jpg", *ROWS[-1][1:])])
    with pytest.raises(DataError, match=r"row 14: b: .*can't be decoded"):
        trials_of(folder, index)


def test_report_says_what_the_recurrence_adds_on_prepared_videos(folder: Path) -> None:
    given = ["evaluate", "--weights", str(folder), "--entry", "calibrated", "--device", "cpu"]
    faces = ["--faces", str(folder / "faces.tar"), "--index", str(folder / "index.csv")]
    result = called(*given, *faces, "--robustness", "--json")
    found = json.loads(result.stdout)
    assert (found["n"], found["unit"], found["pairs"]["of"]) == (3, "prepared videos", 2)
    assert {one["n"] for one in found["robustness"] if "over" not in one["name"]} >= {3}
    assert [(one["fake"], one["real"]) for one in found["changes"]] == [(1, 2)]
    assert not any("A crop is one frame" in note for note in found["notes"])
    assert "0/3 a" in result.stderr
