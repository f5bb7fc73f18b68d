"""Path patterns: `*` is any text, slashes included, `?` one character, `[a-z]` and `[!a-z]` one of a kind.

They become regular expressions in the few signs that Python (which SQLite calls) and PostgreSQL read alike: every
character stands as its code point. Upper and lower case differ.
"""

import re

PART = re.compile(
    r"(?P<many>\*+)|(?P<one>\?)|\[(?P<no>[!^])?(?P<kind>\]?[^\]]+|\])\]|(?P<text>.)", re.DOTALL
)
NO_CHARACTER = "[^\\U00000001-\\U0010ffff]"
RANGE = re.compile(r"(.)-(.)|(.)", re.DOTALL)


def expression(glob: str) -> str:
    """Return the regular expression that finds the texts which match a pattern as a whole."""
    return rf"\A{''.join(part(match) for match in PART.finditer(glob))}\Z"


def start(glob: str) -> str:
    """Return the text that every match begins with; empty when there is none."""
    return texts(glob)[0]


def longest_text(glob: str) -> str:
    """Return the longest text that every match contains; empty when there is none."""
    return max(texts(glob), key=len)


def texts(glob: str) -> list[str]:
    """Return the texts before, between and after the signs of a pattern, empty ones included."""
    signs = (match["text"] or "\0" for match in PART.finditer(glob))
    return "".join(signs).split("\0")


def part(match: re.Match[str]) -> str:
    """Return one part of the pattern as a regular expression."""
    if match["kind"]:
        return kind(match["kind"], negated=bool(match["no"]))
    if match["text"]:
        return code(match["text"])
    return ".*" if match["many"] else "."


def kind(text: str, *, negated: bool) -> str:
    """Return a kind of characters; a range that runs backwards holds none."""
    pairs = [(m[1] or m[3], m[2] or m[3]) for m in RANGE.finditer(text)]
    inside = "".join(f"{code(low)}-{code(high)}" for low, high in pairs if low <= high)
    if not inside:
        return "." if negated else NO_CHARACTER
    return f"[{'^' if negated else ''}{inside}]"


def code(character: str) -> str:
    """Return a character by its code point, so that it has no other meaning."""
    return f"\\U{ord(character):08x}"
