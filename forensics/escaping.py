"""Text from strangers as it can be shown: paths in a log, a message or a database, text on a terminal or in a report.

File names on Linux are bytes, and not every one is text; those that are can still move a terminal's cursor.
"""

import os
import re

from markupsafe import Markup

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


HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str, kept: str = "\n\t") -> str:
    """Return a text with escapes for control characters but those kept, marks of writing direction and invisible ones.

    Paths come escaped already (`shown`).
    """
    return HIDDEN.sub(
        lambda match: match[0] if match[0] in kept else escape_code(ord(match[0])), text
    )


def escape_code(code: int) -> str:
    """Return a character's escape as Python writes it."""
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def finalize(value: object) -> object:
    """Return what a template puts in: text as it can be shown, nothing for None."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return "" if value is None else value


FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_cell(value: object) -> object:
    """Return a cell of CSV that no spreadsheet takes for a formula: such a text gets an apostrophe (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
