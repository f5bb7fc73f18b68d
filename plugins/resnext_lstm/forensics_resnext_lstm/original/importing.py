"""Turn a checkpoint of the original system into weights: a safetensors file and its entry in a manifest."""

import re
from dataclasses import dataclass
from pathlib import Path

from forensics.errors import UsageError
from forensics.plugins.toolkit import shown
from forensics.settings import Settings
from forensics.weights import (
    FILE_NAME,
    CropValues,
    WeightsEntry,
    WeightsStatus,
    find,
    put,
    read,
    sha256_of,
)

from .. import NAME, ORIGINAL, checkpoints
from .checkpoints import claimed
from .checkpoints import read as read_checkpoint
from .network import PX, WIDTH, Pooling

ENTRY_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
FRAMES = 20
PERMITTED_USE = (
    "the original's checkpoint, loaded for comparison; uncalibrated, its scores never vote"
)


@dataclass(frozen=True)
class Import:
    """What is asked for: a checkpoint, the folder and name that it goes to, and how its frames are pooled."""

    checkpoint: Path
    folder: Path
    name: str
    pooling: Pooling
    date: str
    replace: bool = False


def write(asked: Import) -> WeightsEntry:
    """Write NAME.safetensors and its entry, of layout `original`, into a folder of weights; return the entry.

    In 32-bit floats: rounded to 16 bits, logits move by more than the 1e-4 to which they agree with the original's.
    Raises UsageError for a name that can't be used, WeightsError for a checkpoint that can't.
    """
    check_name(asked)
    state = read_checkpoint(asked.checkpoint)
    file = f"{asked.name}.safetensors"
    entry = described(asked, file, checkpoints.write(state, asked.folder / file, ORIGINAL))
    put(entry)
    return entry


def described(asked: Import, file: str, sha256: str) -> WeightsEntry:
    """Return the entry of the manifest."""
    source = shown(asked.checkpoint.name)
    claim = claimed(source)
    return WeightsEntry(
        manifest=asked.folder / FILE_NAME,
        name=asked.name,
        file=file,
        sha256=sha256,
        layout=ORIGINAL,
        trunk="resnext50_32x4d",
        hidden=WIDTH,
        frames=claim.frames if claim else FRAMES,
        status=WeightsStatus.PROVISIONAL,
        date=asked.date,
        licence="not stated in the checkpoint; its author's terms apply",
        permitted_use=PERMITTED_USE,
        data=(str(claim) if claim else "not stated",),
        crop=CropValues(scale=1.0, shift=0.0, px=PX),
        recipe={
            "pooling": asked.pooling,
            "source": source,
            "source_sha256": sha256_of(asked.checkpoint),
        },
    )


def check_name(asked: Import) -> None:
    """Raise UsageError for a name that is no file's, that hides other weights, or that is taken."""
    option, file = f"--entry {asked.name!r}", f"{asked.name}.safetensors"
    if not ENTRY_NAME.fullmatch(asked.name):
        raise UsageError(f"{option}: use lower-case letters, digits, '-', '_' and '.'")
    if asked.name == NAME:
        raise UsageError(f"{option}: the default weights have this name; choose another")
    own = here(asked.folder)
    for entry in [*own, *find(Settings())]:
        if entry.name == asked.name and entry.layout != ORIGINAL:
            raise UsageError(
                f"{option}: weights in {entry.manifest} have this name; choose another"
            )
    for entry in own:
        if entry.file == file and entry.name != asked.name:
            raise UsageError(f"{option}: {file} belongs to {entry.name!r}; choose another")
    taken = (asked.folder / file).exists() or asked.name in [entry.name for entry in own]
    if taken and not asked.replace:
        raise UsageError(
            f"{option}: is in {asked.folder} already; give --replace, or choose another"
        )


def here(folder: Path) -> tuple[WeightsEntry, ...]:
    """Return the weights of a folder, which may not exist yet."""
    manifest = folder / FILE_NAME
    return read(manifest).entries if manifest.exists() else ()
