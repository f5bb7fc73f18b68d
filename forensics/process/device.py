"""Where a process computes. Needs torch only when it is asked."""

from ..errors import ForensicsError
from ..settings import Settings


def device_of(settings: Settings) -> str:
    """Return cpu or cuda. Raises ForensicsError when cuda is asked for and missing."""
    import torch

    if settings.reproducible or settings.device == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if settings.device == "cuda":
        raise ForensicsError(
            "device = 'cuda', but torch finds no CUDA device; set FORENSICS_DEVICE=cpu"
        )
    return "cpu"
