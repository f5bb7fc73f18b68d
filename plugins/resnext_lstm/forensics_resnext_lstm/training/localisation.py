"""Learning where a face was changed: two of a trunk's maps are read for it while it is trained, and never after.

A label says one bit of a crop, the map of a change some hundred; Dang et al. ("On the Detection of Digital Face
Manipulation", CVPR 2020, arXiv 1910.01717) found that detection gains from it.
"""

from torch import Tensor, nn
from torch.nn import functional

from .distil import channels

READ = slice(2, 4)  # the maps that are 16 and 32 times smaller than the crop


class Locator(nn.Module):
    """Reads from each place of two maps whether it was changed."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in channels(trunk)[READ])

    def loss(self, maps: list[Tensor], where: Tensor) -> Tensor:
        """Return the cross entropy against `where` (N, G, G), 0 to 1, or -1 throughout where it is not known.

        `maps` are the trunk's, as `listening` gives them, (N, C, H, W) each.
        """
        known = where.amin((1, 2)) >= 0  # (N,)
        total = where.new_zeros(())
        for head, found in zip(self.heads, maps[READ], strict=True):
            aim = functional.adaptive_avg_pool2d(
                where[known, None], (found.shape[2], found.shape[3])
            )
            read = head(found[known])  # (K, 1, H, W)
            total = total + functional.binary_cross_entropy_with_logits(read, aim)
        return total / len(self.heads)
