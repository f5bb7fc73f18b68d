"""The detectors by name: each method with the media that it takes, what decides its result, and what it costs."""

from functools import partial

from forensics.hookspecs import Resources
from forensics.records import MediaKind

from .detector import CompressionDetector
from .jpegs import MOST_PIXELS
from .stills import double_quantisation, error_level, jpeg_grid, noise_residual
from .video import container_structure, frame_duplicates, gop_structure

STILLS = frozenset({MediaKind.STILL})
VIDEOS = frozenset({MediaKind.VIDEO})


def of_stills() -> tuple[CompressionDetector, ...]:
    """Return the detectors for JPEG stills. None is for video frames, which are not JPEG."""
    pixels = {"most_pixels": MOST_PIXELS}
    return (
        CompressionDetector(
            jpeg_grid.NAME,
            STILLS,
            jpeg_grid.look,
            {**pixels, "threshold": jpeg_grid.THRESHOLD},
            Resources(memory_mb=300, seconds=20.0),
        ),
        CompressionDetector(
            double_quantisation.NAME,
            STILLS,
            double_quantisation.look,
            {**pixels, "threshold": double_quantisation.THRESHOLD},
            Resources(memory_mb=400, seconds=10.0),
        ),
        CompressionDetector(
            noise_residual.NAME,
            STILLS,
            noise_residual.look,
            {**pixels, "threshold": noise_residual.THRESHOLD},
            Resources(memory_mb=400, seconds=5.0),
        ),
        CompressionDetector(
            error_level.NAME,
            STILLS,
            error_level.look,
            {**pixels, "quality": error_level.QUALITY},
            Resources(memory_mb=200, seconds=5.0),
        ),
    )


def of_videos(max_megapixels: float) -> tuple[CompressionDetector, ...]:
    """Return the detectors for videos; of larger pictures than `max_megapixels` nothing is allocated."""
    return (
        CompressionDetector(
            frame_duplicates.NAME,
            VIDEOS,
            partial(frame_duplicates.look, max_megapixels=max_megapixels),
            {"threshold": frame_duplicates.LEAST_RUN, "small": frame_duplicates.SMALL},
            Resources(memory_mb=100, seconds=3.0),
        ),
        CompressionDetector(
            gop_structure.NAME,
            VIDEOS,
            partial(gop_structure.look, max_megapixels=max_megapixels),
            {"threshold": gop_structure.THRESHOLD},
            Resources(memory_mb=100, seconds=3.0),
        ),
        CompressionDetector(
            container_structure.NAME,
            VIDEOS,
            container_structure.look,
            {},
            Resources(memory_mb=50, seconds=1.0),
        ),
    )
