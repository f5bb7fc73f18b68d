"""Programs that a file names: how many, and whether one library is named in two versions."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from .container import Tag
from .quoting import listed

NAMING = {
    "encoder",
    "software",
    "writing_application",
    "encoded_by",
    "com.apple.quicktime.software",
}
CAMERA = {"make", "model", "com.apple.quicktime.make", "com.apple.quicktime.model"}
VERSIONED = re.compile(r"\b(Lavf|Lavc|x264 - core|x265|HandBrake)\W{0,8}(?:build )?(\d+(?:\.\d+)*)")
REWRITERS = re.compile(r"Lavf|HandBrake|Adobe|Premiere|Final Cut|DaVinci|CapCut|Vegas")


def statements(tags: Sequence[Tag]) -> Iterator[str]:
    """Yield what the names of programs, taken together, show."""
    named = [tag for tag in tags if tag.name in NAMING]
    yield from versions(named)
    if any(tag.name in CAMERA for tag in tags):
        rewriting = [tag.value for tag in named if REWRITERS.search(tag.value)]
        if rewriting:
            yield (
                f"Container: a camera's tags stand beside the program {listed(rewriting)}. Such a file was usually "
                "written again after it was recorded, as by any trim, export or upload; some cameras use such "
                "libraries themselves."
            )


def versions(named: Sequence[Tag]) -> Iterator[str]:
    """Yield the libraries that are named in more than one version: one run of a program writes one."""
    pairs = sorted(
        {(match[1], match[2]) for tag in named for match in VERSIONED.finditer(tag.value)}
    )
    for library, group in groupby(pairs, key=lambda pair: pair[0]):
        seen = [version for _, version in group]
        if len(seen) > 1:
            yield (
                f"Container and streams: {library} is named in {len(seen)} versions ({listed(seen)}). One run "
                "writes one version: parts were written at different times, as when a file is encoded and packed "
                "again. That is ordinary for what was edited or uploaded."
            )
