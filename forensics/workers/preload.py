"""Imported once by the fork server, so that every worker starts with the heavy libraries in memory (0.03 s, not 3 s).

Nothing here may start a thread or touch a GPU: neither survives a fork.
"""

import contextlib

with contextlib.suppress(ImportError):
    import av
    import cv2
    import facenet_pytorch
    import torchvision

from . import main

__all__ = ["av", "cv2", "facenet_pytorch", "main", "torchvision"]
