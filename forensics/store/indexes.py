"""Indexes of a part of a table, which only migrations have to know.

Naming a database's own clauses imports all of its drivers: 0.05 s for each start of the command line.
"""

from typing import Any

from sqlalchemy import Index, text

from .models import Sighting

SHORT_PATH, LONG_PATH = "length(path) < 600", "length(path) >= 600"
"""PostgreSQL indexes no value over 2.7 kB; 600 characters have at most 2.4 kB."""


def part_of(name: str, column: str, where: str, *, unique: bool = False, **options: Any) -> Index:
    """Return an index of those sightings for which a condition holds."""
    return Index(
        name,
        getattr(Sighting, column),
        unique=unique,
        sqlite_where=text("is_current = 1" if where == "is_current" else where),
        postgresql_where=text(where),
        **options,
    )


INDEXES = (
    part_of("ix_sighting_current", "path_hash", "is_current", unique=True),
    part_of("ix_sighting_path", "path", SHORT_PATH, postgresql_ops={"path": "text_pattern_ops"}),
    part_of("ix_sighting_long_path", "id", LONG_PATH),
    part_of("ix_sighting_gone_at", "gone_at", "gone_at IS NOT NULL"),
)
