from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from forensics_resnext_lstm.checkpoints import from_training, load, packed, save
from forensics_resnext_lstm.model import FaceSequenceNet, Logits, ModelConfig, normalise
from tiny import entry_of
from torch import Tensor

from forensics.errors import WeightsError
from forensics.weights import WeightsEntry

LITE = ModelConfig("tf_efficientnet_lite0", hidden=8)
RESNEXT = ModelConfig("resnext50_32x4d", hidden=8)
GAIN = {LITE: 6.0, RESNEXT: 3.0}  # so that activations neither vanish nor grow


def filled(config: ModelConfig) -> FaceSequenceNet:
    """Fill a network from one seeded stream, so that it depends on no library's way of starting weights."""
    generator = torch.Generator().manual_seed(1)
    with torch.device("meta"):
        model = FaceSequenceNet(config)
    state = {
        name: value_of(name, value, generator, GAIN[config])
        for name, value in model.state_dict().items()
    }
    model.to_empty(device="cpu").load_state_dict(state)
    return model.eval()


def value_of(name: str, value: Tensor, generator: torch.Generator, gain: float) -> Tensor:
    if value.ndim < 2:
        one = name.endswith(("running_var", "weight"))
        return torch.full(value.shape, float(one)).to(value.dtype)
    fan_in = value.numel() / len(value)
    wide = (gain / fan_in) ** 0.5
    return torch.rand(value.shape, generator=generator).mul_(2 * wide).sub_(wide)


@pytest.fixture(scope="module")
def net() -> FaceSequenceNet:
    return filled(LITE)


@torch.inference_mode()
def scored(net: FaceSequenceNet, crops: Tensor, *lengths: int) -> Logits:
    logits: Logits = net(crops, torch.tensor(lengths))
    return logits


def crops_of(*shape: int) -> Tensor:
    return torch.rand((*shape, 3, 32, 32), generator=torch.Generator().manual_seed(2)) * 4 - 2


def test_order_of_the_frames_changes_the_score(net: FaceSequenceNet) -> None:
    crops = crops_of(1, 4)
    there, back = scored(net, crops, 4), scored(net, crops.flip(1), 4)
    torch.testing.assert_close(there.frames.flip(1), back.frames)
    assert abs(there.track - back.track) > 1e-3


def test_sequence_scores_the_same_alone_and_in_a_batch(net: FaceSequenceNet) -> None:
    crops = crops_of(2, 5)
    batch, alone = scored(net, crops, 3, 5), scored(net, crops[:1, :3], 3)
    torch.testing.assert_close(batch.track[:1], alone.track, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(batch.frames[:1, :3], alone.frames, rtol=1e-4, atol=1e-5)


def test_one_frame_is_a_sequence(net: FaceSequenceNet) -> None:
    logits = scored(net, crops_of(1, 1), 1)
    assert (logits.frames.shape, logits.track.shape) == ((1, 1), (1,))
    assert logits.track.isfinite().all()


def test_face_that_is_also_seen_mirrored_scores_as_its_mirror_image() -> None:
    plain = filled(LITE)
    both = FaceSequenceNet(replace(LITE, mirrored=True))
    both.load_state_dict(plain.state_dict())
    crops, turned = (c := crops_of(1, 3)), c.flip(-1)
    one, other = scored(plain, crops, 3).frames, scored(plain, turned, 3).frames
    assert (one - other).abs().max() > 1e-3
    seen, back = scored(both.eval(), crops, 3), scored(both.eval(), turned, 3)
    torch.testing.assert_close(seen.frames, (one + other) / 2, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(seen.track, back.track, rtol=1e-4, atol=1e-5)


def test_track_starts_as_the_mean_of_its_frames() -> None:
    net = FaceSequenceNet(LITE).eval()
    logits = scored(net, crops_of(2, 4), 2, 4)
    mean = torch.stack([logits.frames[0, :2].mean(), logits.frames[1].mean()])
    torch.testing.assert_close(logits.track, mean)


@pytest.mark.parametrize(
    ("config", "frames", "track"),
    [
        pytest.param(LITE, [-0.86187, -1.23508, -1.48593], -1.09674, id="efficientnet"),
        pytest.param(RESNEXT, [1.19876, 1.42830, 1.11456], 0.91457, id="resnext"),
    ],
)
def test_network_computes_what_it_always_has(
    config: ModelConfig, frames: list[float], track: float
) -> None:
    logits = scored(filled(config), crops_of(1, 3), 3)
    torch.testing.assert_close(logits.frames[0], torch.tensor(frames), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(logits.track[0], torch.tensor(track), rtol=1e-3, atol=1e-4)


def test_normalising_takes_the_imagenet_mean_to_zero() -> None:
    grey = np.full((1, 2, 2, 3), np.array([124, 116, 104]), np.uint8)
    assert normalise(torch.from_numpy(grey)).abs().max() < 0.01


def test_weights_file_of_the_default_network_is_under_70_mb() -> None:
    with torch.device("meta"):
        state = packed(FaceSequenceNet(ModelConfig(hidden=512)).state_dict())
    assert 50e6 < sum(value.numel() * value.element_size() for value in state.values()) < 70e6


@pytest.fixture(scope="module")
def entry(net: FaceSequenceNet, tmp_path_factory: pytest.TempPathFactory) -> WeightsEntry:
    return entry_of(net, tmp_path_factory.mktemp("weights"))


def test_saved_network_scores_as_before(net: FaceSequenceNet, entry: WeightsEntry) -> None:
    back = load(entry)
    crops = crops_of(1, 3)
    assert {value.dtype for value in back.parameters()} == {torch.float32}
    torch.testing.assert_close(
        scored(back, crops, 3).track, scored(net, crops, 3).track, rtol=2e-2, atol=2e-2
    )


def test_saving_twice_gives_the_same_bytes(
    net: FaceSequenceNet, entry: WeightsEntry, tmp_path: Path
) -> None:
    assert save(net, tmp_path / "again.safetensors") == entry.sha256


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"sha256": "0" * 64}, "the manifest says 000000000000..; run", id="hash"),
        pytest.param({"layout": "original"}, "layout is 'original', not 'frame-head", id="layout"),
        pytest.param({"hidden": 4}, "do not fit tf_efficientnet_lite0 with 4 hidden", id="hidden"),
        pytest.param({"trunk": "resnext50_32x4d"}, "holds no 'trunk", id="trunk"),
        pytest.param({"file": "none.safetensors"}, "none.safetensors: can't be read", id="file"),
    ],
)
def test_weights_that_are_not_the_manifests_are_refused(
    entry: WeightsEntry, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(WeightsError, match=message):
        load(replace(entry, **changes))  # type: ignore[arg-type]


def test_file_that_is_no_safetensors_is_refused(entry: WeightsEntry, tmp_path: Path) -> None:
    from forensics.weights import sha256_of

    path = tmp_path / "resnext-lstm.safetensors"
    path.write_bytes(b"pickle")
    wrong = replace(entry, manifest=tmp_path / "manifest.toml", sha256=sha256_of(path))
    with pytest.raises(WeightsError, match="not a safetensors file"):
        load(wrong)


def test_training_checkpoint_gives_its_network(net: FaceSequenceNet, tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    torch.save({"model": net.state_dict(), "optimiser": {}, "step": 4}, path)
    back = from_training(path, LITE).state_dict()
    assert all(torch.equal(value, back[name]) for name, value in net.state_dict().items())


def test_checkpoint_that_runs_code_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    torch.save({"model": Path("x")}, path)
    with pytest.raises(WeightsError, match="can't be read as a training checkpoint"):
        from_training(path, LITE)


def test_vectors_keep_their_precision(entry: WeightsEntry) -> None:
    kinds = {
        v.ndim > 1: v.dtype for v in safetensors.torch.load_file(entry.path).values() if v.ndim
    }
    assert kinds == {True: torch.float16, False: torch.float32}
