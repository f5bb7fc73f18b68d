"""Indexes for filters: by case, by path, files that are gone, and ended jobs in the order in which they ended.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SHORT, LONG = "length(path) < 600", "length(path) >= 600"  # PostgreSQL indexes no longer ones


def upgrade() -> None:
    op.create_index("ix_sighting_case_name", "sighting", ["case_name"])
    op.create_index(
        "ix_sighting_path",
        "sighting",
        ["path"],
        postgresql_ops={"path": "text_pattern_ops"},
        sqlite_where=sa.text(SHORT),
        postgresql_where=sa.text(SHORT),
    )
    op.create_index(
        "ix_sighting_long_path",
        "sighting",
        ["id"],
        sqlite_where=sa.text(LONG),
        postgresql_where=sa.text(LONG),
    )
    op.create_index(
        "ix_sighting_gone_at",
        "sighting",
        ["gone_at"],
        sqlite_where=sa.text("gone_at IS NOT NULL"),
        postgresql_where=sa.text("gone_at IS NOT NULL"),
    )
    op.create_index("ix_job_finished", "job", ["finished_at", "id"])
    op.create_index("ix_job_ended", "job", ["state", "finished_at", "id"])


def downgrade() -> None:
    for name in ("ix_job_ended", "ix_job_finished"):
        op.drop_index(name, "job")
    for name in ("gone_at", "long_path", "path", "case_name"):
        op.drop_index(f"ix_sighting_{name}", "sighting")
