"""Text from files, plugins and people as it can stand in a report: nothing in it moves, hides or turns other text."""

import re

from markupsafe import Markup

HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """Return a text with escapes for control characters, marks of writing direction and invisible ones.

    Newlines and tabs stay. Paths come escaped already (`paths.shown`).
    """
    return HIDDEN.sub(lambda found: escape(ord(found[0])), text)


def escape(code: int) -> str:
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
