"""Paths as text that can be shown: on a terminal, in a log, in a message, in a database.

File names on Linux are bytes, and not every one is text; those that are can still move a terminal's cursor.
"""

import os
import re

ESCAPED = re.compile(
    "[\\\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
ESCAPE = re.compile(rb"\\(\\|x[0-9a-f]{2})")


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
