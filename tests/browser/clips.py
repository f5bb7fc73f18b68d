"""Clips for a browser: a portrait that moves over grey. How bright the grey is decides what the detector `patch` says."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from ..distributions.patch.forensics_patch import FAKE_GREY, REAL_GREY
from ..fakes import Clip, Picture, portrait, render

WIDTH, HEIGHT, SIDE, TOP = 320, 240, 140, 40
FPS, FRAMES, STEP = 25, 75, 2
FAKE, REAL, OLD, TURNED, STILL = "fake.mp4", "real.mp4", "old.avi", "turned.mp4", "picture.png"
NOTES = "notes.mp4"  # a text


def left_at(time_s: float) -> float:
    """Return where the portrait's left edge is at a moment, in pixels."""
    return 8 + STEP * FPS * time_s


def paint(grey: int, number: int, width: int, height: int) -> Picture:
    """Paint a frame, (height, width, 3)."""
    picture = np.full((height, width, 3), grey, np.uint8)
    face = Image.fromarray(np.ascontiguousarray(portrait()[:300, 80:380])).resize((SIDE, SIDE))
    left = round(left_at(number / FPS))
    picture[TOP : TOP + SIDE, left : left + SIDE] = np.asarray(face)
    return picture


def write(name: str, folder: Path) -> Path:
    """Write one of the clips."""
    path = folder / name
    if name == STILL:
        Image.fromarray(paint(FAKE_GREY, 0, WIDTH, HEIGHT)).save(path)
        return path
    clip = Clip(width=WIDTH, height=HEIGHT, fps=FPS, frames=FRAMES, gop=FPS)
    dark, bright = partial(paint, REAL_GREY), partial(paint, FAKE_GREY)
    clips = {
        FAKE: replace(clip, paint=bright),
        REAL: replace(clip, paint=dark),
        OLD: replace(clip, paint=bright, codec="mjpeg", pixel_format="yuvj420p"),
        TURNED: replace(clip, paint=dark, rotation=90),
    }
    return render(path, clips[name])
