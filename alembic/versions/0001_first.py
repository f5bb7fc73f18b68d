"""The first schema.

Revision ID: 0001
Revises:
"""

from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Column = sa.Column[Any]
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
WORD = sa.String(32)


def upgrade() -> None:
    create_media()
    create_sighting()
    create_pipeline()
    create_analysis()
    create_verdict()
    create_finding()
    create_artifact()
    create_job()
    create_review()
    create_daemon()
    if op.get_bind().dialect.name != "sqlite":  # there it stands in the table already
        op.create_foreign_key("fk_media_verdict_id", "media", "verdict", ["verdict_id"], ["id"])


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("fk_media_verdict_id", "media")
    for table in ("daemon", "review", "job", "artifact", "finding", "verdict"):
        op.drop_table(table)
    for table in ("analysis", "pipeline", "sighting", "media"):
        op.drop_table(table)


def some(name: str, kind: Any) -> Column:
    return sa.Column(name, kind, nullable=False)


def maybe(name: str, kind: Any) -> Column:
    return sa.Column(name, kind, nullable=True)


def primary(table: str) -> tuple[Column, sa.Constraint]:
    return some("id", BIG), sa.PrimaryKeyConstraint("id", name=f"pk_{table}")


def foreign(table: str, target: str, *, later: bool = False) -> sa.Constraint:
    return sa.ForeignKeyConstraint(
        [f"{target}_id"], [f"{target}.id"], name=f"fk_{table}_{target}_id", use_alter=later
    )


def unique(table: str, *columns: str) -> sa.Constraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def index(table: str, *columns: str, name: str | None = None) -> None:
    op.create_index(name or f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def create_media() -> None:
    op.create_table(
        "media",
        *primary("media"),
        some("sha256", sa.Text()),
        some("size_bytes", sa.BigInteger()),
        some("first_seen_at", MOMENT),
        maybe("info", sa.JSON()),
        maybe("verdict_id", BIG),
        foreign("media", "verdict", later=True),
        unique("media", "sha256"),
    )
    index("media", "verdict_id")


def create_sighting() -> None:
    op.create_table(
        "sighting",
        *primary("sighting"),
        some("path_key", sa.LargeBinary()),
        some("path_hash", sa.Text()),
        some("path", sa.Text()),
        some("size_bytes", sa.BigInteger()),
        some("mtime_ns", sa.BigInteger()),
        some("inode", sa.BigInteger()),
        some("seen_at", MOMENT),
        some("is_current", sa.Boolean()),
        maybe("gone_at", MOMENT),
        maybe("case_name", sa.Text()),
        maybe("exhibit", sa.Text()),
        maybe("media_id", BIG),
        foreign("sighting", "media"),
        unique("sighting", "path_hash", "size_bytes", "mtime_ns", "inode"),
    )
    index("sighting", "media_id")
    op.create_index(
        "ix_sighting_current",
        "sighting",
        ["path_hash"],
        unique=True,
        sqlite_where=sa.text("is_current = 1"),
        postgresql_where=sa.text("is_current"),
    )


def create_pipeline() -> None:
    op.create_table(
        "pipeline",
        *primary("pipeline"),
        some("hash", sa.Text()),
        some("description", sa.JSON()),
        maybe("default_since", MOMENT),
        some("created_at", MOMENT),
        unique("pipeline", "hash"),
    )
    index("pipeline", "default_since")


def create_analysis() -> None:
    op.create_table(
        "analysis",
        *primary("analysis"),
        some("media_id", BIG),
        some("pipeline_id", BIG),
        some("created_at", MOMENT),
        foreign("analysis", "media"),
        foreign("analysis", "pipeline"),
        unique("analysis", "media_id", "pipeline_id"),
    )


def create_verdict() -> None:
    op.create_table(
        "verdict",
        *primary("verdict"),
        some("analysis_id", BIG),
        some("label", WORD),
        maybe("reason", WORD),
        maybe("fake", sa.Double()),
        maybe("log10_lr", sa.Double()),
        some("created_at", MOMENT),
        some("payload", sa.Text()),
        some("hash", sa.Text()),
        some("previous_hash", sa.Text()),
        foreign("verdict", "analysis"),
        unique("verdict", "hash"),
        unique("verdict", "previous_hash"),
    )
    index("verdict", "analysis_id")
    index("verdict", "created_at")
    index("verdict", "label", "id")


def create_finding() -> None:
    op.create_table(
        "finding",
        *primary("finding"),
        some("verdict_id", BIG),
        some("detector", sa.Text()),
        some("version", sa.Text()),
        maybe("weights", sa.Text()),
        some("outcome", WORD),
        maybe("score", sa.Double()),
        maybe("fake", sa.Double()),
        maybe("log10_lr", sa.Double()),
        some("seconds", sa.Double()),
        some("message", sa.Text()),
        some("evidence", sa.JSON()),
        foreign("finding", "verdict"),
        unique("finding", "verdict_id", "detector"),
    )
    index("finding", "detector")


def create_artifact() -> None:
    op.create_table(
        "artifact",
        *primary("artifact"),
        some("finding_id", BIG),
        some("name", sa.Text()),
        some("media_type", sa.Text()),
        some("sha256", sa.Text()),
        some("size_bytes", sa.BigInteger()),
        foreign("artifact", "finding"),
    )
    index("artifact", "finding_id")
    index("artifact", "sha256")


def create_job() -> None:
    op.create_table(
        "job",
        *primary("job"),
        some("sighting_id", BIG),
        some("state", WORD),
        some("priority", sa.Integer()),
        some("parameters", sa.JSON()),
        some("is_default", sa.Boolean()),
        some("attempts", sa.Integer()),
        some("interruptions", sa.Integer()),
        some("created_at", MOMENT),
        some("updated_at", MOMENT),
        some("not_before", MOMENT),
        maybe("lease_token", sa.Text()),
        maybe("lease_expires_at", MOMENT),
        maybe("started_at", MOMENT),
        maybe("finished_at", MOMENT),
        maybe("error", WORD),
        maybe("error_message", sa.Text()),
        maybe("analysis_id", BIG),
        maybe("verdict_id", BIG),
        foreign("job", "sighting"),
        foreign("job", "analysis"),
        foreign("job", "verdict"),
    )
    index("job", "lease_token")
    index("job", "analysis_id")
    index("job", "verdict_id")
    index("job", "state", "priority", "id", name="ix_job_queue")
    index("job", "updated_at", "id", name="ix_job_updated")
    index("job", "sighting_id", "id", name="ix_job_sighting")


def create_review() -> None:
    op.create_table(
        "review",
        *primary("review"),
        some("verdict_id", BIG),
        some("examiner", sa.Text()),
        some("conclusion", sa.Text()),
        some("note", sa.Text()),
        some("created_at", MOMENT),
        foreign("review", "verdict"),
    )
    index("review", "verdict_id")


def create_daemon() -> None:
    op.create_table(
        "daemon",
        *primary("daemon"),
        some("host", sa.Text()),
        some("pid", sa.Integer()),
        some("folders", sa.JSON()),
        some("workers", sa.Integer()),
        some("started_at", MOMENT),
        some("beat_at", MOMENT),
        maybe("stopped_at", MOMENT),
    )
