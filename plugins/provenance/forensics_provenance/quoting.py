"""Words of a stranger's file inside sentences of ours: short, in quotation marks, and of one line."""

FIELD_CHARS = 160
MARK = '"'


def quoted(value: object, limit: int = FIELD_CHARS) -> str:
    """Return a value as text in quotation marks, cut to `limit` characters, with what can't be printed escaped.

    A quotation mark inside becomes an apostrophe: the file's words can't end where ours seem to begin.
    """
    text = (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip()
    plain = "".join(
        character if character.isprintable() else f"\\x{ord(character):02x}"
        for character in text[:limit].replace(MARK, "'")
    )
    cut = f" (cut, of {len(text):,} characters)" if len(text) > limit else ""
    return f"{MARK}{plain[:limit]}{MARK}{cut}"


def listed(values: "list[str] | tuple[str, ...]", most: int = 8) -> str:
    """Return quoted values with commas, each once and in their order; no more than `most` are named."""
    once = list(dict.fromkeys(values))
    more = f" and {len(once) - most} more" if len(once) > most else ""
    return ", ".join(quoted(value, 80) for value in once[:most]) + more
