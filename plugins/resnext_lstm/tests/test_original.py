"""A checkpoint made as the original made them gives its own numbers here, in its habits, and never votes."""

import shutil
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import forensics_resnext_lstm as plugin
import numpy as np
import numpy.typing as npt
import pytest
import safetensors.torch
import torch
from click.testing import CliRunner
from forensics_resnext_lstm.original.checkpoints import load
from forensics_resnext_lstm.original.detector import OriginalDetector
from forensics_resnext_lstm.original.network import OriginalNet, Pooling, shapes
from tiny import settings_of
from torch import Tensor, nn
from torchvision import transforms
from torchvision.models import resnext50_32x4d

from forensics.analysis.fusion import calibrate
from forensics.cli import main
from forensics.errors import WeightsError
from forensics.records import (
    Box,
    Coverage,
    FacePatch,
    FaceTrack,
    Frame,
    MediaInfo,
    MediaKind,
    Outcome,
    Sample,
)
from forensics.weights import WeightsEntry, read, verify

POOLINGS: list[Pooling] = ["last", "mean"]
NAME = "model_93_acc_40_frames_celeb_FF_data.pt"
Pixels = npt.NDArray[np.uint8]


class Reference(nn.Module):
    """The original's network, put together here from what is known of it, and from none of the code under test."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(*list(resnext50_32x4d().children())[:-2])
        self.lstm = nn.LSTM(2048, 2048, 1, False)  # the fourth is `bias`
        self.linear1 = nn.Linear(2048, 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.4)

    @torch.inference_mode()
    def forward(self, crops: Tensor, pooling: Pooling) -> Tensor:
        batch, length, channels, height, width = crops.shape
        maps = self.model(crops.view(batch * length, channels, height, width))
        out, _ = self.lstm(self.avgpool(maps).view(batch, length, 2048), None)
        pooled = out[:, -1, :] if pooling == "last" else torch.mean(out, dim=1)
        logits: Tensor = self.dropout(self.linear1(pooled))
        return logits


def reference() -> Reference:
    torch.manual_seed(7)
    net = Reference().eval()
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.1, 0.1)  # type: ignore[arg-type]  # a tensor
            nn.init.uniform_(part.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    nn.init.normal_(net.linear1.weight)
    return net


def as_saved(net: Reference) -> "OrderedDict[str, Tensor]":
    """Its state dict with both matrices of the LSTM in one padded storage, as cuDNN lays them."""
    state = OrderedDict(net.state_dict())
    size, pad = 8192 * 2048, 4096
    storage = torch.zeros(2 * size + pad)
    for place, name in ((0, "lstm.weight_ih_l0"), (size + pad, "lstm.weight_hh_l0")):
        view = storage[place : place + size].view(8192, 2048)
        state[name] = view.copy_(state[name])
    return state


@pytest.fixture(scope="module")
def net() -> Reference:
    return reference()


@pytest.fixture(scope="module")
def folder(net: Reference, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the checkpoint, saved as on a GPU before torch 1.6, and with what the import made of it."""
    folder = tmp_path_factory.mktemp("original")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
        torch.save(as_saved(net), folder / NAME, _use_new_zipfile_serialization=False)
    arguments = ["resnext-lstm", "import-checkpoint", str(folder / NAME), "--weights", str(folder)]
    result = CliRunner().invoke(main, arguments)
    (folder / "output").write_text(result.output)
    yield folder
    shutil.rmtree(folder)  # half a gigabyte


@pytest.fixture(scope="module")
def entry(folder: Path) -> WeightsEntry:
    (entry,) = read(folder / "manifest.toml").entries
    return entry


@pytest.fixture(scope="module")
def imported(entry: WeightsEntry) -> OriginalNet:
    """The network of the import; read once, for there is nothing of the pooling in its numbers."""
    return load(entry)


def pooled_by(entry: WeightsEntry, pooling: str) -> WeightsEntry:
    return replace(entry, recipe={**entry.recipe, "pooling": pooling})


def pictures(count: int, height: int = 112, width: int = 112) -> list[Pixels]:
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 256, (count, height // 8, width // 8, 3), np.uint8)
    return [np.kron(one, np.ones((8, 8, 1), np.uint8)) for one in coarse]


def prepared(bgr: list[Pixels]) -> Tensor:
    """Return (1, T, 3, 112, 112), made by the steps that the original is known to take."""
    steps = transforms.Compose(
        [
            transforms.ToPILImage(),
            transforms.Resize((112, 112)),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    return torch.stack([steps(np.ascontiguousarray(one)) for one in bgr])[None]


def test_network_has_the_entries_and_parameters_of_the_original(net: Reference) -> None:
    wanted = shapes()
    assert {name: value.shape for name, value in wanted.items()} == {
        name: value.shape for name, value in net.state_dict().items()
    }
    assert len(wanted) == 322
    assert sum(value.numel() for value in net.parameters()) == 56_538_434
    assert not [name for name in wanted if name.startswith("lstm.bias")]


def test_checkpoint_of_the_test_is_like_those_in_the_wild(folder: Path) -> None:
    data = (folder / NAME).read_bytes()
    assert not data.startswith(b"PK")
    assert b"cuda:0" in data
    assert b"cpu" not in data[:2000]
    assert 226e6 < len(data) < 227e6


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 3)], ids=["frame", "video", "two-videos"])
@torch.inference_mode()
def test_logits_are_those_of_the_original(
    net: Reference, imported: OriginalNet, pooling: Pooling, shape: tuple[int, int]
) -> None:
    crops = prepared(pictures(shape[0] * shape[1])).view(*shape, 3, 112, 112)
    wanted = net(crops, pooling)
    imported.pooling = pooling
    logits = imported(crops)
    assert wanted.abs().max() > 0.1
    torch.testing.assert_close(logits.pooled, wanted, rtol=0, atol=1e-4)
    assert logits.frames.shape == (*shape, 2)


def test_last_pooling_hears_the_last_frame_alone(net: Reference) -> None:
    crops = prepared(pictures(4))
    torch.testing.assert_close(net(crops, "last"), net(crops[:, -1:], "last"), rtol=0, atol=1e-4)


def test_import_says_what_it_wrote_and_what_to_do_next(folder: Path, entry: WeightsEntry) -> None:
    output = (folder / "output").read_text()
    verify(entry)
    assert entry.sha256 in output
    assert f"forensics scan --weights {folder} --detector original FILE" in output
    assert "--sampling first --frames 40" in output


def test_entry_repeats_what_the_old_name_claims_as_a_claim(entry: WeightsEntry) -> None:
    assert (entry.name, entry.layout, entry.frames) == ("original", "original", 40)
    (data,) = entry.data
    assert data == (
        "data 'celeb_FF_data', accuracy 93 %, 40 frames: stated by its author, not verified"
    )
    assert (entry.recipe["source"], entry.recipe["pooling"]) == (NAME, "last")
    assert "for comparison" in entry.permitted_use
    assert entry.calibration is None
    assert entry.figures == {}


def test_weights_are_the_checkpoints_own_numbers(net: Reference, entry: WeightsEntry) -> None:
    state = safetensors.torch.load_file(entry.path)
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())


def test_hook_gives_the_original_beside_ours(folder: Path) -> None:
    (found,) = [
        detector
        for detector in plugin.forensics_detectors(settings_of(folder))
        if detector.name == "original"
    ]
    assert isinstance(found, OriginalDetector)
    assert "for comparison" in found.permitted_use
    assert found.parameters["pooling"] == "last"


def test_pooling_that_is_not_known_is_said(folder: Path, entry: WeightsEntry) -> None:
    with pytest.raises(WeightsError, match="key 'pooling' is 'max', choose from last, mean"):
        OriginalDetector(pooled_by(entry, "max"), settings_of(folder))


FRAMES = [Frame(0, i * 0.04, pixels) for i, pixels in enumerate(pictures(3, 240, 320))]
INFO = MediaInfo("0" * 64, 1, MediaKind.VIDEO, "mp4", "h264", 320, 240)
COVERAGE = Coverage(1.0, 3, 3, 2, 1, 0.9, 0)


def track(number: int, *faces: tuple[int, Box]) -> FaceTrack:
    none = np.zeros((1, 1, 3), np.uint8)
    patches = [
        FacePatch(0, FRAMES[i].time_s, box, box[:2], 1.0, 0.99, pixels=none) for i, box in faces
    ]
    return FaceTrack(number, tuple(patches))


SAMPLE = Sample(
    INFO,
    tuple(FRAMES),
    (
        track(1, (0, (40.2, 30.4, 60.0, 100.0)), (2, (-20.0, 200.0, 100.0, 90.0))),
        track(2, (0, (200.0, 50.0, 40.0, 40.0))),
    ),
    COVERAGE,
    fd=-1,
)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_detector_has_the_habits_of_the_original(
    folder: Path, net: Reference, entry: WeightsEntry, pooling: Pooling
) -> None:
    finding = OriginalDetector(pooled_by(entry, pooling), settings_of(folder)).examine(SAMPLE)
    assert finding.score is not None
    face, whole, cut = (frame.pixels[:, :, ::-1] for frame in FRAMES)
    crops = prepared([face[30:130, 40:100], whole, cut[200:240, 0:80]])
    (fake, real) = net(crops, pooling)[0].tolist()
    assert finding.score == pytest.approx(fake - real, abs=1e-4)
    assert [(f.track, f.box) for f in finding.evidence.frames] == [
        (1, (40.2, 30.4, 60.0, 100.0)),
        (0, (0.0, 0.0, 320.0, 240.0)),
        (1, (-20.0, 200.0, 100.0, 90.0)),
    ]
    scores = [frame.score for frame in finding.evidence.frames]
    own = scores[-1] if pooling == "last" else sum(scores) / len(scores)
    assert finding.score == pytest.approx(own, abs=1e-4)
    calibrated = calibrate(finding, OriginalDetector.calibration, MediaKind.VIDEO)
    assert (calibrated.log10_lr, calibrated.fake) == (None, None)  # it never votes


def test_file_without_any_face_is_not_scored(folder: Path, entry: WeightsEntry) -> None:
    detector = OriginalDetector(entry, settings_of(folder))
    finding = detector.examine(replace(SAMPLE, tracks=()))
    assert (finding.outcome, finding.score) == (Outcome.NOTHING_TO_EXAMINE, None)
    assert "model" not in vars(detector)
