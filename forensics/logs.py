"""Structured log lines: `key=value` or JSON, on stderr."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from .settings import Settings

PLAIN = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) | {"message", "taskName"}


def configure(settings: Settings) -> "Lines":
    """Send this process's log lines to stderr in the form and from the level that the settings say."""
    handler = logging.StreamHandler(sys.stderr)
    lines = Lines(as_json=settings.log_format == "json")
    handler.setFormatter(lines)
    root = logging.getLogger("forensics")
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    root.propagate = False
    return lines


class Lines(logging.Formatter):
    """Formats a record as one line; values passed as `extra` become fields of their own.

    `subject` has the fields of whatever this process is busy with; they stand in every line.
    """

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self.as_json = as_json
        self.subject: dict[str, Any] = {}

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, without its line break."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **self.subject,
            **{k: v for k, v in record.__dict__.items() if k not in PLAIN},
        }
        if self.as_json:
            return json.dumps(fields, default=str)
        return " ".join(f"{key}={quoted(value)}" for key, value in fields.items())


def quoted(value: Any) -> str:
    """Return a value that stays one word of the line and gives a terminal no commands."""
    text = str(value)
    one_word = text and text.isprintable() and not any(c in text for c in ' "=')
    return text if one_word else json.dumps(text)
