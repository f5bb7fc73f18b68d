"""Media forensics: drop a video in a folder, read its verdict from a database.

What a plugin author needs is here: `hookimpl` marks the implementation of a hook of `forensics.hookspecs`.
"""

from pluggy import HookimplMarker

__version__ = "0.1.0"

hookimpl = HookimplMarker("forensics")

__all__ = ["__version__", "hookimpl"]
