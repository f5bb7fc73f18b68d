"""Paths as the database keeps them: raw bytes, a hash of these for the index, and text that can be shown.

File names on Linux are bytes, and not every one is text. The hash is there because PostgreSQL indexes no value over
2.7 kB, and a path may have 4 kB.
"""

import hashlib
import os
import re

ESCAPED = re.compile(
    "[\\\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
ESCAPE = re.compile(rb"\\(\\|x[0-9a-f]{2})")


def raw(path: str) -> bytes:
    """Return the bytes of a path that came from `os.fsdecode`."""
    return os.fsencode(path)


def hashed(path: str) -> str:
    """Return the SHA-256 of a path's bytes, by which it is found."""
    return hashlib.sha256(raw(path)).hexdigest()


def shown(path: str) -> str:
    r"""Return a path as text that every terminal and database takes, and that stands for no other path.

    Bytes that are not UTF-8, control characters and marks that turn the direction of writing become `\xff`,
    a backslash becomes two.
    """
    return ESCAPED.sub(lambda match: escape(match[0]), path)


def escape(character: str) -> str:
    """Return the escape of one character, byte by byte."""
    if character == "\\":
        return "\\\\"
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))


def unshown(text: str) -> str:
    """Return the path, as `os.fsdecode` gives it, that `shown` made this text from."""
    data = text.encode("utf-8", "surrogateescape")
    return os.fsdecode(ESCAPE.sub(lambda match: unescape(match[1]), data))


def unescape(escape: bytes) -> bytes:
    """Return what one escape stands for."""
    return b"\\" if escape == b"\\" else bytes.fromhex(escape[1:].decode())
