import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import forensics_resnext_lstm as plugin
import numpy as np
import pytest
import torch
from forensics_resnext_lstm import device
from forensics_resnext_lstm.detector import CHUNK, SequenceDetector
from tiny import PX, entry_of, recurrent_network, settings_of

from forensics import weights
from forensics.errors import SettingsError, WeightsError
from forensics.faces import CropGeometry
from forensics.hookspecs import Detector
from forensics.records import (
    Calibration,
    Coverage,
    FacePatch,
    FaceTrack,
    MediaInfo,
    MediaKind,
    Outcome,
    Sample,
)
from forensics.settings import Settings
from forensics.weights import put

CALIBRATION = Calibration(1.0, 0.0, 2.0, 0.5, -0.5, 64, 3, (MediaKind.VIDEO, MediaKind.STILL))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights for both names, of one tiny network whose recurrence counts."""
    path = tmp_path_factory.mktemp("weights")
    net = recurrent_network()
    for name in ("resnext-lstm", "efficientnet-lstm"):
        put(entry_of(net, path, name))
    return path


def detector_of(folder: Path, calibration: Calibration | None = None) -> SequenceDetector:
    entry = weights.get(settings_of(folder), "resnext-lstm")
    return SequenceDetector(replace(entry, calibration=calibration), settings_of(folder))


def track(number: int, frames: int, face_px: float = 80) -> FaceTrack:
    rng = np.random.default_rng(number)
    side = int(face_px * 2)
    return FaceTrack(
        number,
        tuple(
            FacePatch(
                run=0,
                time_s=i * 0.2,
                box=(100.0, 50.0, face_px, face_px),
                origin=(100 - face_px / 2, 50 - face_px / 2),
                scale=1.0,
                probability=0.99,
                pixels=rng.integers(0, 256, (side, side, 3), np.uint8),
            )
            for i in range(frames)
        ),
    )


def sample(*tracks: FaceTrack, kind: MediaKind = MediaKind.VIDEO) -> Sample:
    info = MediaInfo("0" * 64, 1, kind, "mp4", "h264", 640, 480)
    return Sample(info, (), tracks, Coverage(1.0, 4, 4, 4, 1, 0.2, 0), fd=-1)


def test_hook_gives_a_detector_for_each_entry(folder: Path) -> None:
    found: list[Detector] = list(plugin.forensics_detectors(settings_of(folder)))
    assert {"resnext-lstm", "efficientnet-lstm"} <= {detector.name for detector in found}


def test_entries_of_other_layouts_are_left_to_others(folder: Path, tmp_path: Path) -> None:
    other = weights.get(settings_of(folder), "efficientnet-lstm")
    put(replace(other, manifest=tmp_path / "manifest.toml", layout="another"))
    put(replace(other, manifest=tmp_path / "manifest.toml", name="resnext-lstm"))
    names = {detector.name for detector in plugin.forensics_detectors(settings_of(tmp_path))}
    assert "resnext-lstm" in names
    assert "efficientnet-lstm" not in names


def test_missing_weights_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "forensics_weights_absent")
    with pytest.raises(WeightsError, match="no weights for 'resnext-lstm'"):
        plugin.forensics_detectors(Settings())


def test_layout_of_the_default_weights_must_be_known(folder: Path, tmp_path: Path) -> None:
    entry = weights.get(settings_of(folder), "resnext-lstm")
    put(replace(entry, manifest=tmp_path / "manifest.toml", layout="original"))
    with pytest.raises(WeightsError, match="key 'layout' is 'original'"):
        plugin.forensics_detectors(settings_of(tmp_path))


def test_importing_the_plugin_loads_no_torch() -> None:
    code = "import sys, forensics_resnext_lstm.commands; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_members_can_be_read_without_loading_weights(folder: Path) -> None:
    detector = detector_of(folder, CALIBRATION)
    assert detector.geometry == CropGeometry(0.82, 0.1, PX)
    assert detector.parameters["number_type"] == "float32"
    assert (detector.permitted_use, detector.calibration) == ("tests", CALIBRATION)
    assert "model" not in vars(detector)


def test_file_without_a_face_has_nothing_to_examine(folder: Path) -> None:
    detector = detector_of(folder)
    finding = detector.examine(sample())
    assert (finding.outcome, finding.score) == (Outcome.NOTHING_TO_EXAMINE, None)
    assert "model" not in vars(detector)


def test_every_track_and_frame_is_scored(folder: Path) -> None:
    finding = detector_of(folder).examine(sample(track(1, 4), track(2, 3, face_px=40)))
    assert [(t.id, t.frames, t.median_face_px) for t in finding.evidence.tracks] == [
        (1, 4, 80),
        (2, 3, 40),
    ]
    assert [f.track for f in finding.evidence.frames] == [1, 1, 1, 1, 2, 2, 2]
    assert finding.score == max(t.score for t in finding.evidence.tracks)
    assert finding.weights == weights.get(settings_of(folder), "resnext-lstm").sha256


def test_track_scores_the_same_whoever_else_is_in_the_file(folder: Path) -> None:
    detector = detector_of(folder)
    alone = detector.examine(sample(track(1, 4))).evidence.tracks[0]
    crowd = [track(number, CHUNK // 2 + number) for number in range(2, 5)]
    among = detector.examine(sample(*crowd, track(1, 4))).evidence.tracks[-1]
    assert among.score == pytest.approx(alone.score, rel=1e-3, abs=1e-5)


def test_short_and_small_tracks_do_not_decide_the_score(folder: Path) -> None:
    tracks = [track(number, 4) for number in range(1, 4)]
    scores = {t.id: t.score for t in detector_of(folder).examine(sample(*tracks)).evidence.tracks}
    highest = max(scores, key=lambda number: scores[number])
    small = [track(n, 4, face_px=40 if n == highest else 80) for n in scores]
    finding = detector_of(folder, CALIBRATION).examine(sample(*small))
    assert finding.score == max(t.score for t in finding.evidence.tracks if t.id != highest)


@pytest.mark.parametrize(
    ("kind", "frames"),
    [
        pytest.param(MediaKind.STILL, 1, id="still"),
        pytest.param(MediaKind.VIDEO, 2, id="only-short-tracks"),
    ],
)
def test_score_is_given_when_no_track_is_long(folder: Path, kind: MediaKind, frames: int) -> None:
    finding = detector_of(folder).examine(sample(track(1, frames), kind=kind))
    assert finding.outcome is Outcome.SCORED
    assert finding.score == finding.evidence.tracks[0].score


def test_changed_weights_are_refused_when_the_first_face_comes(
    folder: Path, tmp_path: Path
) -> None:
    entry = weights.get(settings_of(folder), "resnext-lstm")
    moved = replace(entry, manifest=tmp_path / "manifest.toml")
    moved.path.write_bytes(entry.path.read_bytes()[:-1] + b"x")
    with pytest.raises(WeightsError, match="the manifest says"):
        SequenceDetector(moved, settings_of(folder)).examine(sample(track(1, 3)))


@pytest.mark.parametrize(
    ("line", "fast"),
    [
        pytest.param("flags\t\t: fpu avx2", False, id="avx2"),
        pytest.param("flags\t\t: fpu avx512f avx512_bf16", True, id="avx512"),
        pytest.param("flags\t\t: fpu amx_bf16 amx_tile", True, id="amx"),
        pytest.param("Features\t: fp asimd", False, id="arm"),
    ],
)
def test_bfloat16_is_used_only_where_the_cpu_has_it(tmp_path: Path, line: str, fast: bool) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{line}\n\nprocessor\t: 1\n")
    assert device.has_bfloat16(device.cpu_flags(tmp_path / "cpuinfo")) is fast
    assert device.cpu_flags(tmp_path / "none") == frozenset()


def test_arithmetic_comes_back_as_it_was() -> None:
    threads = torch.get_num_threads()
    with device.arithmetic(Settings(threads=threads + 1)):
        assert torch.get_num_threads() == threads + 1
    with device.arithmetic(Settings(reproducible=True)):
        assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_that_is_not_there_is_said() -> None:
    with pytest.raises(SettingsError, match="no CUDA device can be used"):
        device.choose(Settings(device="cuda"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_half_precision_scores_like_full(folder: Path) -> None:
    entry = weights.get(settings_of(folder), "resnext-lstm")
    half = SequenceDetector(entry, Settings(device="cuda")).examine(sample(track(1, 4)))
    full = SequenceDetector(entry, settings_of(folder)).examine(sample(track(1, 4)))
    assert half.score == pytest.approx(full.score, rel=0.02, abs=0.02)
