"""Fixtures of the plugin's tests: pictures and clips made on the spot, and what a detector says of them.

It stands beside `tests/` so that no two test folders hold a module of one name.
"""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from forensics_compression.detectors import of_stills, of_videos
from PIL import Image

from forensics.records import Coverage, Finding, MediaInfo, Sample
from forensics.testing.fixtures import golden

__all__ = ["golden"]

Picture = npt.NDArray[np.uint8]
MAX_MEGAPIXELS = 128.0


def jpeg_bytes(pixels: Picture, quality: int, **options: object) -> bytes:
    """Return a picture as JPEG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, **options)
    return file.getvalue()


def pixels_of(data: bytes) -> Picture:
    """Return a JPEG's pixels."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def examined(name: str, path: Path) -> Finding:
    """Return a detector's finding about a file; what the toolkit would know of it beside is made up."""
    (detector,) = (d for d in (*of_stills(), *of_videos(MAX_MEGAPIXELS)) if d.name == name)
    (kind,) = detector.kinds
    fd = os.open(path, os.O_RDONLY)
    try:
        info = MediaInfo("0" * 64, path.stat().st_size, kind, "", "", 1, 1)
        return detector.examine(Sample(info, (), (), Coverage(None, 0, 0, 0, 0, None, 0), fd))
    finally:
        os.close(fd)


@pytest.fixture
def jpeg() -> Callable[..., bytes]:
    """Return what makes a JPEG of pixels and a quality."""
    return jpeg_bytes


@pytest.fixture
def opened() -> Callable[[bytes], Picture]:
    """Return what gives a JPEG's pixels."""
    return pixels_of


@pytest.fixture
def look(tmp_path: Path) -> Callable[[str, bytes | Path], Finding]:
    """Return what gives a detector's finding, by its name, about bytes or a file."""

    def at(name: str, content: bytes | Path) -> Finding:
        if isinstance(content, Path):
            return examined(name, content)
        path = tmp_path / "file"
        path.write_bytes(content)
        return examined(name, path)

    return at


@pytest.fixture(scope="session")
def portrait() -> Picture:
    """Return a picture in the public domain that is no JPEG, (512, 512, 3)."""
    return np.asarray(skimage.data.astronaut(), np.uint8)


@pytest.fixture(scope="session")
def coffee() -> Picture:
    """Return another, (400, 600, 3)."""
    return np.asarray(skimage.data.coffee(), np.uint8)


@pytest.fixture(scope="session")
def moving(portrait: Picture) -> list[Picture]:
    """Return pictures over which a camera pans, with noise, (240, 320, 3) each."""
    grain = np.random.default_rng(3)
    views = [portrait[100 + n // 2 : 340 + n // 2, 40 + n : 360 + n] for n in range(120)]
    return [
        np.clip(view + grain.normal(0, 6, view.shape), 0, 255).astype(np.uint8) for view in views
    ]
