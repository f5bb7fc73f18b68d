"""The detector: crops of every face track through the trunk in chunks, then the heads per track."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from forensics.analysis import is_validated
from forensics.errors import PluginError
from forensics.faces import CropGeometry, crop
from forensics.plugins.toolkit import parallel_map, single_thread
from forensics.records import (
    Calibration,
    Evidence,
    FacePatch,
    FaceTrack,
    Finding,
    FrameScore,
    HeatMap,
    MediaKind,
    Need,
    Outcome,
    Sample,
    TrackScore,
)
from forensics.settings import Settings
from forensics.weights import WeightsEntry

from . import __version__, gradcam
from .checkpoints import load
from .device import arithmetic, choose
from .fuse_batchnorm import fold
from .model import FaceSequenceNet, Logits, normalise

CHUNK = 32  # crops through the trunk at once
FEW = 5  # of them, whose activations stay in a core's cache
WHOLE = frozenset({"resnext50_32x4d"})  # trunks of which one layer keeps all cores busy
LEAST_FRAMES = 3  # for a video's score while no calibration says otherwise


Maps = dict[int, list[HeatMap | None]]
"""By the place of a track among the tracks, the maps of its frames; tracks without are left out."""


class Seen(NamedTuple):
    """What a trunk makes of N crops: their features (N, W) in 32 bits, and its last feature maps (N, C, h, w)."""

    features: Tensor
    maps: Tensor


class SequenceDetector:
    """A `forensics.hookspecs.Detector` for one entry of a manifest. Its weights are read when the first face comes."""

    version = __version__
    examines = ("face_manipulation",)
    needs = frozenset({Need.FACES})
    kinds = frozenset({MediaKind.VIDEO, MediaKind.STILL})

    def __init__(self, entry: WeightsEntry, settings: Settings) -> None:
        self.entry, self.settings = entry, settings
        self.place = choose(settings)
        self.geometry = CropGeometry(entry.crop.scale, entry.crop.shift, entry.crop.px)

    @property
    def name(self) -> str:
        """The entry's name."""
        return self.entry.name

    @property
    def licence(self) -> str:
        """The terms of the code and of the weights."""
        return f"MIT (code), {self.entry.licence} (weights)"

    @property
    def permitted_use(self) -> str:
        """What the weights may be used for."""
        return self.entry.permitted_use

    @property
    def weights(self) -> str | None:
        """SHA-256 of the weights."""
        return self.entry.sha256

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Network, crop, and what it computes on."""
        return {
            "layout": self.entry.layout,
            "trunk": self.entry.trunk,
            "hidden": self.entry.hidden,
            "px": self.entry.crop.px,
            "crop": asdict(self.entry.crop),
            "mirrored": self.entry.mirrored,
            "device": self.place.device.type,
            "number_type": self.place.number_name,
        }

    @property
    def calibration(self) -> Calibration | None:
        """The entry's calibration."""
        return self.entry.calibration

    @cached_property
    def model(self) -> FaceSequenceNet:
        """The network: the trunk in the number type of the device, the heads in 32 bits.

        Raises WeightsError when the file is not what its manifest says.
        """
        with torch.inference_mode(False):  # the heads are differentiated for the maps
            model = load(self.entry).requires_grad_(False)
            fold(model.trunk)
            model = model.to(self.place.device)
            model.trunk.to(self.place.number).to(memory_format=torch.channels_last)
        return model

    @torch.inference_mode()
    def examine(self, sample: Sample) -> Finding:
        """Score every face track. The finding's score is the highest among the tracks seen well enough to decide."""
        if not sample.tracks:
            return self.finding(Outcome.NOTHING_TO_EXAMINE, message="no face was found")
        with arithmetic(self.settings):
            logits, maps = self.judged(sample.tracks)
        tracks = track_scores(sample.tracks, logits)
        able = [track for track in tracks if self.decides(track, sample.info.kind)]
        return self.finding(
            Outcome.SCORED,
            score=max(track.score for track in able or tracks),
            evidence=Evidence(tracks=tracks, frames=frame_scores(sample.tracks, logits, maps)),
        )

    def finding(self, outcome: Outcome, **values: Any) -> Finding:
        """Return a finding in this detector's name."""
        return Finding(self.name, self.version, self.weights, outcome, **values)

    def decides(self, track: TrackScore, kind: MediaKind) -> bool:
        """Say whether a track was seen well enough for the file's score."""
        return decides(track, self.calibration, kind)

    def judged(self, tracks: Sequence[FaceTrack]) -> tuple[Logits, Maps]:
        """Return the (B, T) frame and (B,) track logits of B tracks, of which the longest has T frames, and their maps."""
        lengths = [len(track.patches) for track in tracks]
        seen = self.seen(patch for track in tracks for patch in track.patches)
        padded = pad_sequence(
            list(torch.split(seen.features, lengths)), batch_first=True
        )  # (B, T, W)
        with single_thread():  # steps of the LSTM are small: two threads took 3 to 12 times as long
            logits = self.model.head(padded, torch.tensor(lengths, device=padded.device))
            if not logits.track.isfinite().all():
                raise PluginError(f"{self.name}: the network gave a value that is not a number")
            logits = Logits(logits.frames.cpu(), logits.track.cpu())
            return logits, self.maps(padded, lengths, logits, seen.maps)

    def maps(self, padded: Tensor, lengths: list[int], logits: Logits, kept: Tensor) -> Maps:
        """Return the maps of (B, T, W) features, of those tracks whose feature maps are all among the `kept` ones."""
        tracks = gradcam.chosen(logits.track.tolist(), lengths, len(kept))
        if not tracks or not self.entry.maps or not gradcam.explains(kept, padded[0]):
            return {}
        wanted = torch.tensor([lengths[i] for i in tracks], device=padded.device)
        gradient = gradcam.gradients(self.model, padded[tracks], wanted)  # (b, T, W)
        ends = np.cumsum(lengths).tolist()
        return {
            i: gradcam.heat_maps(kept[ends[i] - lengths[i] : ends[i]], one[: lengths[i]])
            for i, one in zip(tracks, gradient, strict=True)
        }

    def seen(self, patches: Iterable[FacePatch]) -> Seen:
        """Return the features of all N patches, (N, W), and the feature maps of the first `activation.MOST_KEPT`.

        On a CPU a narrow trunk takes half the time with a few crops per thread instead of all crops over all threads.
        """
        if self.place.device.type != "cpu" or self.entry.trunk in WHOLE:
            return joined(self.chunk(chunk) for chunk in chunks(patches, CHUNK))
        with single_thread() as threads:
            parts = parallel_map(self.chunk, chunks(patches, FEW), threads)
            return joined(seen for _, seen in parts)

    @torch.inference_mode()
    def chunk(self, patches: Sequence[FacePatch]) -> Seen:
        """Return what the trunk makes of one chunk of patches."""
        faces = np.stack([crop(patch, self.geometry) for patch in patches])  # (N, px, px, 3)
        x = normalise(torch.from_numpy(faces).to(self.place.device))  # (N, 3, px, px)
        x = x.to(self.place.number).contiguous(memory_format=torch.channels_last)
        maps, features = gradcam.looked(self.model, x)  # (N, C, h, w), (N, W)
        return Seen(features.float(), maps)


def decides(track: TrackScore, calibration: Calibration | None, kind: MediaKind) -> bool:
    """Say whether a track was seen well enough for the score of a file of this kind."""
    if calibration is not None:
        return is_validated(track, calibration, kind)
    return kind is MediaKind.STILL or track.frames >= LEAST_FRAMES


def joined(parts: Iterable[Seen]) -> Seen:
    """Return the features of all parts, and the maps of the first ones."""
    features, maps, kept = [], [], 0
    for part in parts:
        features.append(part.features)
        if kept < gradcam.MOST_KEPT:
            maps.append(part.maps)
            kept += len(part.maps)
    return Seen(torch.cat(features), torch.cat(maps))


def chunks(patches: Iterable[FacePatch], size: int) -> Iterator[list[FacePatch]]:
    """Yield the patches in order, `size` at a time."""
    rest = iter(patches)
    while found := list(islice(rest, size)):
        yield found


def track_scores(tracks: Sequence[FaceTrack], logits: Logits) -> tuple[TrackScore, ...]:
    """Return the raw score of every track."""
    return tuple(
        TrackScore(
            id=track.id,
            first_s=track.first_s,
            last_s=track.last_s,
            frames=len(track.patches),
            median_face_px=track.median_face_px,
            score=score,
        )
        for track, score in zip(tracks, logits.track.tolist(), strict=True)
    )


def frame_scores(tracks: Sequence[FaceTrack], logits: Logits, maps: Maps) -> tuple[FrameScore, ...]:
    """Return the raw score of every face in every sampled frame, track by track, with its map if it has one."""
    return tuple(
        FrameScore(patch.time_s, track.id, patch.box, score, heat)
        for i, (track, row) in enumerate(zip(tracks, logits.frames.tolist(), strict=True))
        for patch, score, heat in zip(
            track.patches, row, maps.get(i) or [None] * len(row), strict=False
        )
    )
