"""One chain over verdicts, people's words, exports and deletions; verdicts that are there keep their hashes.

Revision ID: 0004
Revises: 0003
"""

from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Column = sa.Column[Any]
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
BEFORE = """
    INSERT INTO entry (kind, verdict_id, created_at, hash, previous_hash)
    SELECT 'verdict', id, created_at, hash, previous_hash FROM verdict ORDER BY id
"""


def upgrade() -> None:
    op.create_table(
        "entry",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("verdict_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("text_hash", sa.Text(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("erased_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_entry"),
        sa.UniqueConstraint("hash", name="uq_entry_hash"),
        sa.UniqueConstraint("previous_hash", name="uq_entry_previous_hash"),
    )
    op.create_index("ix_entry_verdict_id", "entry", ["verdict_id"])
    op.create_index("ix_entry_erased_by", "entry", ["erased_by"])
    op.execute(BEFORE)
    op.drop_table("review")  # no command has ever written to it
    create_review(
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name="fk_review_entry_id"),
        sa.UniqueConstraint("entry_id", name="uq_review_entry_id"),
    )


def downgrade() -> None:
    op.drop_table("review")
    create_review()
    op.drop_table("entry")


def create_review(*more: Column | sa.Constraint) -> None:
    op.create_table(
        "review",
        sa.Column("id", BIG, nullable=False),
        sa.Column("verdict_id", BIG, nullable=False),
        sa.Column("examiner", sa.Text(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        *more,
        sa.ForeignKeyConstraint(["verdict_id"], ["verdict.id"], name="fk_review_verdict_id"),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
    )
    op.create_index("ix_review_verdict_id", "review", ["verdict_id"])
