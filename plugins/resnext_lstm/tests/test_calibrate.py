from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result
from forensics_resnext_lstm.data import DataError
from forensics_resnext_lstm.evaluation.calibrate import Validity, bound, counted, fit, supported
from forensics_resnext_lstm.evaluation.summary import cuts_of
from forensics_resnext_lstm.evaluation.thresholds import thresholds
from forensics_resnext_lstm.metrics import Labels, Scores
from forensics_resnext_lstm.model import FaceSequenceNet, normalise
from tiny import as_jpeg, called, network, noise, write_index, write_tar

from forensics.analysis.fusion import log10_lr
from forensics.errors import UsageError
from forensics.weights import WeightsStatus, read, verify

RECIPE = 'name = "tiny"\ntrunk = "mobilenetv2_035"\nhidden = 4\npx = 32\n'


def drawn(n: int = 400, distance: float = 2.0) -> tuple[Labels, Scores]:
    rng = np.random.default_rng(1)
    labels = np.arange(n) % 2 == 1
    return labels, rng.normal(size=n) + distance * labels


def test_calibration_is_monotone_and_capped() -> None:
    labels, scores = drawn()
    calibration = fit(labels, scores, Validity(64))
    ratios = [log10_lr(score, calibration) for score in np.linspace(-20, 20, 81)]
    assert ratios == sorted(ratios)
    assert (ratios[0], ratios[-1]) == (-calibration.cap_log10, calibration.cap_log10)
    assert calibration.real_at < calibration.fake_at


def test_prior_of_the_collection_does_not_move_the_ratio() -> None:
    labels, scores = drawn(4000)
    keep = ~labels | (np.arange(4000) % 8 == 1)
    whole, rare = fit(labels, scores, Validity(64)), fit(labels[keep], scores[keep], Validity(64))
    assert log10_lr(1.0, whole) == pytest.approx(0, abs=0.1)
    assert log10_lr(1.0, rare) == pytest.approx(0, abs=0.15)


def test_thresholds_hold_their_shares_and_contradict_no_ratio() -> None:
    for distance in (0.2, 2.0, 6.0):
        labels, ratios = drawn(distance=distance)
        fake_at, real_at = thresholds(ratios[~labels], ratios[labels])
        assert (ratios[~labels] >= fake_at).mean() <= 0.05
        assert (ratios[labels] <= real_at).mean() <= 0.10
        assert fake_at >= np.log10(2)
        assert real_at <= 0


def test_cap_grows_with_the_size_of_the_validation() -> None:
    real, fake = np.zeros(100), np.ones(100)
    assert bound(fake, real) == pytest.approx(np.log10(101))
    assert supported(real, fake) == pytest.approx(np.log10(101))
    assert supported(real[:10], fake) == pytest.approx(np.log10(11))


def test_scores_that_tell_nothing_apart_are_not_calibrated() -> None:
    labels, scores = drawn()
    with pytest.raises(DataError, match="nothing can be calibrated"):
        fit(labels, -scores, Validity(64))


def test_errors_are_counted_where_the_label_would_be_wrong() -> None:
    labels, scores = drawn()
    calibration = counted(fit(labels, scores, Validity(64)), labels, scores, "drawn", "2025-11-22")
    assert calibration.flagged_real is not None
    assert calibration.missed_fake is not None
    at, down = (cut.score for cut in cuts_of(calibration, [])[1:])
    assert (calibration.flagged_real.files, calibration.flagged_real.unit) == (200, "face crops")
    assert calibration.missed_fake.unit == "face crops"
    assert calibration.flagged_real.wrong == (scores[~labels] >= at).sum() <= 10
    assert calibration.missed_fake.wrong == (scores[labels] <= down).sum() <= 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Crops that are bright when fake, a checkpoint and its recipe."""
    path = tmp_path_factory.mktemp("measuring")
    model = network(1)
    with torch.no_grad():
        model.frame_head.weight.mul_(1 if bright_scores_higher(model) else -1)
    torch.save({"model": model.state_dict(), "step": 4}, path / "last.pt")
    (path / "tiny.toml").write_text(RECIPE)
    rows = [(f"{i}.jpg", ("real", "fake")[i % 2], f"v{i // 2}", str(47 + i % 4)) for i in range(24)]
    write_index(path / "index.csv", rows)
    others = [(f"{i}.jpg", ("real", "fake")[i % 2], f"w{i // 2}", "7") for i in range(24)]
    write_index(path / "other.csv", others)
    faces = {row[0]: as_jpeg(noise(i)) for i, row in enumerate(rows)}
    write_tar(path / "faces.tar", faces)
    return path


@torch.inference_mode()
def bright_scores_higher(model: FaceSequenceNet) -> bool:
    faces = np.stack([noise(seed, 32) for seed in range(100, 132)])
    scores = model.eval().frame_head(model.trunk(normalise(torch.from_numpy(faces))))
    dark, bright = scores[::2].mean(), scores[1::2].mean()
    return bool(bright > dark)


def forensics(folder: Path, *words: str) -> Result:
    return called(*(word.format(folder=folder) for word in words))


def exported(folder: Path, weights: Path) -> Path:
    words = ["export", "{folder}/last.pt", "--recipe", "{folder}/tiny.toml", "--data", "noise"]
    result = forensics(folder, *words, "--weights", str(weights))
    assert result.exit_code == 0, result.output
    return weights / "manifest.toml"


FACES = ("--faces", "{folder}/faces.tar", "--index", "{folder}/index.csv")
TEST = ("--test-faces", "{folder}/faces.tar", "--test-index", "{folder}/other.csv")


def test_export_writes_a_provisional_entry_that_verifies(folder: Path, tmp_path: Path) -> None:
    (entry,) = read(exported(folder, tmp_path)).entries
    verify(entry)
    assert (entry.name, entry.status) == ("resnext-lstm", WeightsStatus.PROVISIONAL)
    assert (entry.hidden, entry.crop.px, entry.data) == (4, 32, ("noise",))
    assert entry.recipe["trunk"] == "mobilenetv2_035"


def test_calibrate_writes_into_the_manifest_what_it_prints(folder: Path, tmp_path: Path) -> None:
    manifest = exported(folder, tmp_path)
    words = ["calibrate", *FACES, "--weights", str(tmp_path), "--data", "noise", "--write"]
    result = forensics(folder, *words, *TEST, "--parts", "47,48,49")
    (entry,) = read(manifest).entries
    assert entry.calibration is not None
    assert f"slope = {entry.calibration.slope}" in result.output
    assert entry.calibration.flagged_real is not None
    assert entry.calibration.flagged_real.data == "noise"
    assert entry.calibration.flagged_real.files == 12


def test_errors_on_the_crops_that_set_the_thresholds_are_not_written(
    folder: Path, tmp_path: Path
) -> None:
    manifest = exported(folder, tmp_path)
    words = ["calibrate", *FACES, "--weights", str(tmp_path), "--data", "noise"]
    with pytest.raises(UsageError, match="--write needs --test-index"):
        forensics(folder, *words, "--write")
    assert read(manifest).entries[0].calibration is None


def test_errors_can_be_counted_on_other_crops(folder: Path, tmp_path: Path) -> None:
    manifest = exported(folder, tmp_path)
    words = ["calibrate", *FACES, "--weights", str(tmp_path), "--data", "noise", "--parts", "47,48"]
    result = forensics(folder, *words, *TEST)
    assert "files = 12" in result.output
    assert read(manifest).entries[0].calibration is None


def test_parts_that_are_no_numbers_are_wrong_usage(folder: Path) -> None:
    result = forensics(folder, "evaluate", *FACES, "--parts", "1,x")
    assert result.exit_code == 2
    assert "'1,x' is no list of whole numbers" in result.output


def test_train_command_writes_a_checkpoint(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_bytes((folder / "index.csv").read_bytes())
    (tmp_path / "index.csv").rename(tmp_path / "train.csv")
    (tmp_path / "train-0.tar").write_bytes((folder / "faces.tar").read_bytes())
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(RECIPE + "steps = 1\npairs = 1\nheld_out = [49, 50]\n")
    words = ["train", str(recipe), "--data", str(tmp_path), "--work", str(tmp_path / "work")]
    result = forensics(folder, *words, "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "work" / "last.pt").is_file()
    assert "held-out AUC" in result.output
