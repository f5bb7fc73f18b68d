"""Our own network as a card: what `resnext-lstm export-onnx` writes is scored alike by the plugin for ONNX files."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from forensics_onnx_classifier import cards
from forensics_onnx_classifier.detector import CardDetector
from forensics_resnext_lstm import LAYOUT
from forensics_resnext_lstm.checkpoints import save
from forensics_resnext_lstm.detector import SequenceDetector
from forensics_resnext_lstm.model import FaceSequenceNet, ModelConfig
from forensics_resnext_lstm.onnx_export import card_of, has_residual

from forensics import weights
from forensics.cli import main
from forensics.records import Calibration, MediaKind
from forensics.settings import Settings
from forensics.testing import sampled
from forensics.weights import CropValues, WeightsEntry, WeightsStatus, put

CALIBRATION = Calibration(0.7, 0.1, 1.4, 0.5, -0.4, 64, 3, (MediaKind.VIDEO, MediaKind.STILL))
NAME = "resnext-lstm"


def network() -> FaceSequenceNet:
    """A real trunk with all its kinds of layers, a thousandth as large."""
    torch.manual_seed(5)
    return FaceSequenceNet(ModelConfig("test_efficientnet", 8)).eval()


def entry_of(net: FaceSequenceNet, folder: Path) -> WeightsEntry:
    entry = WeightsEntry(
        manifest=folder / "manifest.toml",
        name=NAME,
        file=f"{NAME}.safetensors",
        sha256=save(net, folder / f"{NAME}.safetensors"),
        layout=LAYOUT,
        trunk=net.config.trunk,
        hidden=net.config.hidden,
        frames=4,
        status=WeightsStatus.PROVISIONAL,
        date="2026-11-24",
        licence="none",
        permitted_use="tests",
        data=(),
        crop=CropValues(0.82, 0.1, 32),
        calibration=CALIBRATION,
    )
    put(entry)
    return entry


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("mirrored", [False, True])
def test_exported_network_scores_as_its_entry_does(mirrored: bool, tmp_path: Path) -> None:
    entry = replace(entry_of(network(), tmp_path), mirrored=mirrored)
    put(entry)
    file = tmp_path / "cards" / "own.onnx"
    done = CliRunner().invoke(
        main, ["resnext-lstm", "export-onnx", "--weights", str(tmp_path), "-o", str(file)]
    )
    assert done.exit_code == 0, done.output
    assert "left out" not in done.output
    settings = Settings(weights=str(tmp_path), reproducible=True, frames=6)
    card = CardDetector(cards.read(file.with_suffix(".toml")), settings)
    assert (card.name, card.calibration) == (f"onnx-{NAME}", CALIBRATION)
    with sampled("two_faces", tmp_path, settings) as sample:
        own = SequenceDetector(weights.get(settings, NAME), settings).examine(sample)
        other = card.examine(sample)
    assert other.weights == weights.sha256_of(file) != entry.sha256
    assert len(own.evidence.frames) > 2
    for one, two in (
        (own.evidence.tracks, other.evidence.tracks),
        (own.evidence.frames, other.evidence.frames),
    ):
        assert [s.score for s in two] == pytest.approx([s.score for s in one], abs=1e-3)


def test_calibration_stays_out_of_the_card_of_a_network_whose_recurrence_counts(
    tmp_path: Path,
) -> None:
    net = network()
    entry, file = entry_of(net, tmp_path), tmp_path / "own.onnx"
    file.write_bytes(b"")
    assert not has_residual(net)
    torch.nn.init.constant_(net.residual_head.bias, 0.1)
    assert has_residual(net)
    assert "calibration" not in card_of(entry, file, calibrated=False)
    assert "calibration" in card_of(entry, file, calibrated=True)
    assert "calibration" not in card_of(replace(entry, calibration=None), file, calibrated=True)


def test_file_that_would_be_overwritten_by_its_card_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        main, ["resnext-lstm", "export-onnx", "-o", str(tmp_path / "own.toml")]
    )
    assert done.exit_code == 2
    assert "must end in .onnx" in done.output
