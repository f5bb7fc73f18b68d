"""MTCNN's three networks as a cascade over a batch of pictures; torch is loaded by whoever makes one.

Zhang, Zhang, Li and Qiao, "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks"
(IEEE Signal Processing Letters 2016, arXiv 1604.02878), with the weights that facenet-pytorch brings. Its own way of
running them takes about 3 times as long on a CPU: pooling in the slow memory layout, and one call per candidate box.

Boxes are (K, 4): left, top, right, bottom in pixels of the picture, where a pixel is one wide. `owner` (K,) says to which
picture of the batch each belongs.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import batched_nms, roi_align

CELL_PX = 12  # side of what the first network judges, which it does at every second pixel
STEP_PX = 2
PYRAMID = 0.709  # from one size of the picture to the next: half the area
REFINED_PX, SETTLED_PX = 24, 48  # sides of what the second and third network look at
AROUND = ((0.0, 0.0), (0.2, 0.0), (-0.2, 0.0), (0.0, 0.2), (0.0, -0.2))  # where a face may be next
AT_ONCE = 128  # of the second network's candidates; all at once took twice as long on a CPU
LEAST = (0.6, 0.7, 0.7)  # probabilities under which a stage drops a candidate
SAME_IN_LEVEL, SAME, INSIDE = 0.5, 0.7, 0.7  # overlaps from which two candidates are one
CONSTANTS = {"pyramid": PYRAMID, "least": LEAST, "overlaps": (SAME_IN_LEVEL, SAME, INSIDE)}


class Faces(NamedTuple):
    """Candidates: boxes (K, 4), their probabilities (K,) and the pictures they lie in (K,)."""

    boxes: Tensor
    probability: Tensor
    owner: Tensor

    def of(self, which: Tensor) -> "Faces":
        """Return those of an index or mask."""
        return Faces(self.boxes[which], self.probability[which], self.owner[which])


class Cascade:
    """The three networks, loaded once: half precision on CUDA, 32 bits on the CPU."""

    def __init__(self, device: str) -> None:
        from facenet_pytorch import MTCNN

        nets: Any = MTCNN(keep_all=True)
        self.state: dict[str, Tensor] = nets.state_dict()
        self.device = torch.device(device)
        self.number = torch.float16 if self.device.type == "cuda" else torch.float32
        self.proposer, self.refiner, self.settler = (
            self.placed(net) for net in (nets.pnet, nets.rnet, nets.onet)
        )

    def placed(self, net: nn.Module) -> nn.Module:
        """Return a network on the device, in the memory layout that pools fast."""
        placed: nn.Module = net.eval().to(self.device, self.number)
        return placed.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def find(self, pictures: Tensor, smallest_px: float, expected: Faces | None = None) -> Faces:
        """Return the faces in (N, H, W, 3) uint8 RGB pictures of at least `smallest_px`, in no order.

        Candidates that are `expected`, from the picture before say, are looked at beside those that are found.
        """
        x = pictures.to(self.device).permute(0, 3, 1, 2)  # (N, 3, H, W), channels last in memory
        faces = self.proposed(x, smallest_px)
        if expected is not None:
            faces = Faces(*(torch.cat(pair) for pair in zip(faces, expected, strict=True)))
        y = normalised(x, self.number).float().contiguous()  # as crops are cut from it
        return self.settled(y, self.refined(y, faces))

    def follow(
        self, pictures: Tensor, smallest_px: float, coarser: float
    ) -> list[list[tuple[float, ...]]]:
        """Return left, top, right, bottom and probability of the faces in each of (N, H, W, 3) consecutive pictures.

        The first is searched from `smallest_px` up; the others from `coarser` times that up, and around the faces of
        the first.
        """
        pictures = pictures.to(self.device)
        first = self.find(pictures[:1], smallest_px)
        if len(pictures) == 1:
            return rows(first, 1)
        count = len(pictures) - 1
        later = self.find(pictures[1:], smallest_px * coarser, around(first, count))
        return rows(first, 1) + rows(later, count)

    def proposed(self, x: Tensor, smallest_px: float) -> Faces:
        """First stage, over (N, 3, H, W) uint8 pictures at all sizes: many rough candidates, made square."""
        shortest_px = min(x.shape[2:])
        cells = [self.cells(x, scale) for scale in scales(shortest_px, smallest_px)]
        if not cells:
            return self.none()
        boxes, probability, offsets, owner, level = (
            torch.cat(parts) for parts in zip(*cells, strict=True)
        )
        likely = (probability >= LEAST[0]).nonzero().squeeze(1)
        faces = Faces(boxes[likely], probability[likely], owner[likely])
        offsets, groups = offsets[likely], level[likely] * len(x) + faces.owner
        kept = batched_nms(faces.boxes, faces.probability, groups, SAME_IN_LEVEL)
        faces, offsets = faces.of(kept), offsets[kept]
        kept = batched_nms(faces.boxes, faces.probability, faces.owner, SAME)
        return moved(faces.of(kept), offsets[kept])

    def cells(self, x: Tensor, scale: float) -> tuple[Tensor, ...]:
        """Judge every cell at one size: boxes, probability, offsets, owner, level, each with N * h * w rows."""
        n, _, height, width = x.shape
        size = max(round(height * scale), CELL_PX), max(round(width * scale), CELL_PX)
        small = x if self.device.type == "cpu" else x.to(self.number)
        if size != (height, width):
            small = functional.interpolate(small, size, mode="bilinear", antialias=True)
        offsets, probability = self.proposer(normalised(small, self.number))  # (N, 4|2, h, w)
        h, w = probability.shape[2:]
        top, left = torch.meshgrid(
            torch.arange(h, device=x.device) * STEP_PX * (height / size[0]),
            torch.arange(w, device=x.device) * STEP_PX * (width / size[1]),
            indexing="ij",
        )  # (h, w) each
        right, bottom = left + CELL_PX * width / size[1], top + CELL_PX * height / size[0]
        boxes = torch.stack([left, top, right, bottom], -1).view(1, h * w, 4)  # (1, h*w, 4)
        owner = torch.arange(n, device=x.device).repeat_interleave(h * w)
        return (
            boxes.expand(n, -1, -1).reshape(-1, 4),
            probability[:, 1].float().reshape(-1),
            offsets.float().permute(0, 2, 3, 1).reshape(-1, 4),
            owner,
            torch.full_like(owner, round(1000 * scale)),
        )

    def refined(self, y: Tensor, faces: Faces) -> Faces:
        """Second stage: drops most candidates and moves the rest; squares again."""
        if not len(faces.boxes):
            return faces
        offsets, probability = self.judged(y, faces)  # (K, 4), (K, 2)
        faces = faces._replace(probability=probability[:, 1].float())
        likely = faces.probability > LEAST[1]
        faces, offsets = faces.of(likely), offsets[likely].float()
        kept = batched_nms(faces.boxes, faces.probability, faces.owner, SAME)
        return moved(faces.of(kept), offsets[kept])

    def judged(self, y: Tensor, faces: Faces) -> tuple[Tensor, Tensor]:
        """Ask the second network about all candidates, as many at once as stay in the CPU's cache."""
        crops = self.cut_out(y, faces, REFINED_PX)
        parts = [self.refiner(part) for part in torch.split(crops, AT_ONCE)]
        offsets, probability = (torch.cat(part) for part in zip(*parts, strict=True))
        return offsets, probability

    def settled(self, y: Tensor, faces: Faces) -> Faces:
        """Third stage: the faces, with boxes that are not square any more."""
        if not len(faces.boxes):
            return faces
        offsets, _, probability = self.settler(self.cut_out(y, faces, SETTLED_PX))
        faces = faces._replace(probability=probability[:, 1].float())
        likely = faces.probability > LEAST[2]
        faces, offsets = faces.of(likely), offsets[likely].float()
        faces = faces._replace(boxes=shifted(faces.boxes, offsets))
        return faces.of(outermost(faces))

    def cut_out(self, y: Tensor, faces: Faces, px: int) -> Tensor:
        """Cut the candidates out of normalised pictures: (K, 3, px, px); beyond the edge they are grey."""
        rois = torch.cat([faces.owner[:, None].float(), faces.boxes], 1)  # (K, 5)
        crops: Tensor = roi_align(y, rois, px, sampling_ratio=2, aligned=True)
        return crops.to(self.number).contiguous(memory_format=torch.channels_last)

    def none(self) -> Faces:
        """Return no candidates."""
        empty = torch.zeros(0, device=self.device)
        return Faces(empty.view(0, 4), empty, empty.long())


def around(faces: Faces, count: int) -> Faces:
    """Return squares at and around faces, once for each of the next `count` pictures."""
    centre = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2  # (K, 2)
    side = (faces.boxes[:, 2:] - faces.boxes[:, :2]).amax(1, keepdim=True)  # (K, 1)
    steps = torch.tensor(AROUND, device=centre.device)  # (5, 2)
    centres = (centre[:, None] + steps * side[:, None]).view(-1, 2)  # (K*5, 2)
    half = side.repeat_interleave(len(AROUND), 0) / 2  # (K*5, 1)
    boxes = torch.cat([centres - half, centres + half], 1).repeat(count, 1)  # (count*K*5, 4)
    owner = torch.arange(count, device=centre.device).repeat_interleave(len(half))
    return Faces(boxes, torch.ones_like(boxes[:, 0]), owner)


def rows(faces: Faces, count: int) -> list[list[tuple[float, ...]]]:
    """Return plain numbers, edges and probability, for each of `count` pictures."""
    table = torch.cat([faces.boxes, faces.probability[:, None]], 1)  # (K, 5)
    sound = table.isfinite().all(1)
    pairs = list(zip(faces.owner[sound].tolist(), table[sound].tolist(), strict=True))
    return [[tuple(row) for owner, row in pairs if owner == number] for number in range(count)]


def scales(shortest_px: int, smallest_px: float) -> Iterator[float]:
    """Yield the factors at which faces from `smallest_px` to the whole picture fill a cell."""
    scale = CELL_PX / smallest_px
    while shortest_px * scale >= CELL_PX:
        yield scale
        scale *= PYRAMID


def normalised(x: Tensor, number: torch.dtype) -> Tensor:
    """Bring 0..255 to about -1..1, as the networks were trained."""
    return (x.to(number) - 127.5) * 0.0078125


def shifted(boxes: Tensor, offsets: Tensor) -> Tensor:
    """Move the edges of (K, 4) boxes by (K, 4) offsets, given as shares of width and height."""
    size = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)  # (K, 4)
    return boxes + offsets * size


def moved(faces: Faces, offsets: Tensor) -> Faces:
    """Move the candidates' edges and make them square around their centres."""
    boxes = shifted(faces.boxes, offsets)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2  # (K, 2)
    half = (boxes[:, 2:] - boxes[:, :2]).amax(1, keepdim=True) / 2  # (K, 1)
    return faces._replace(boxes=torch.cat([centre - half, centre + half], 1))


def outermost(faces: Faces) -> Tensor:
    """Return which faces to keep: of two in one picture, one of which lies mostly inside the other, the likelier."""
    order = faces.probability.argsort(descending=True)
    area = (faces.boxes[:, 2:] - faces.boxes[:, :2]).clamp(min=0).prod(1)  # (K,)
    corner = torch.minimum(faces.boxes[:, None, 2:], faces.boxes[None, :, 2:])
    common = corner - torch.maximum(faces.boxes[:, None, :2], faces.boxes[None, :, :2])
    smaller = torch.minimum(area[:, None], area[None, :]).clamp(min=1e-6)
    inside = common.clamp(min=0).prod(2) / smaller > INSIDE  # (K, K)
    clash = (inside & (faces.owner[:, None] == faces.owner[None, :])).tolist()
    kept: list[int] = []
    for i in order.tolist():
        if not any(clash[i][j] for j in kept):
            kept.append(i)
    return torch.tensor(kept, dtype=torch.long, device=faces.boxes.device)
