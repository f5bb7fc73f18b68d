import pytest
import torch
from forensics_resnext_lstm.fuse_batchnorm import fold
from forensics_resnext_lstm.model import build_trunk
from torch import nn


def unsettled(trunk: nn.Module) -> nn.Module:
    """Give every batch norm statistics and factors of its own, as training would."""
    torch.manual_seed(0)
    for module in trunk.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(module.weight, 0.7, 1.3)
            nn.init.normal_(module.bias, 0, 0.2)
    return trunk.eval()


@pytest.mark.parametrize("name", ["resnext50_32x4d", "tf_efficientnet_lite0"])
@torch.inference_mode()
def test_a_folded_network_gives_the_same_features(name: str) -> None:
    trunk = unsettled(build_trunk(name)[0])
    x = torch.randn(2, 3, 64, 64)
    wanted = trunk(x)
    folded = fold(trunk)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert torch.allclose(folded(x), wanted, rtol=1e-3, atol=1e-3 * wanted.abs().max().item())
