"""broadcasts, their texts and counts; segments and tags"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SENT = sa.text("broadcast_id IS NOT NULL")


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _json(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.JSON(), nullable=False) for name in names]


def _moments(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def upgrade() -> None:
    _broadcasts()
    op.create_table("segment", *_words("name"), *_json("audience"), sa.PrimaryKeyConstraint("name"))
    op.create_table(
        "tag",
        sa.Column("contact_id", _BIG, nullable=False),
        *_words("tag"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("contact_id", "tag"),
    )
    op.create_index("ix_tag_tag", "tag", ["tag"])
    with op.batch_alter_table("outbox") as batch:
        batch.add_column(sa.Column("broadcast_id", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("language", sa.String(), nullable=False, server_default=""))
        batch.create_index(
            "outbox_broadcast",
            ["broadcast_id", "contact_id"],
            unique=True,
            sqlite_where=_SENT,
            postgresql_where=_SENT,
        )
    with op.batch_alter_table("outbox") as batch:
        batch.alter_column("language", server_default=None)


def _broadcasts() -> None:
    op.create_table(
        "broadcast",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        *_words("name", "listing_id"),
        *_json("audience", "segments"),
        *_words("fallback"),
        sa.Column("templates", sa.Boolean(), nullable=False),
        *_words("repeats"),
        sa.Column("lasts_hours", sa.Integer(), nullable=False),
        *_words("state"),
        sa.Column("series_id", _BIG, nullable=True),
        *_json("letters"),
        sa.Column("reached_id", sa.BigInteger(), nullable=False),
        *_json("left_out"),
        *_words("created_by"),
        *_moments("created_at"),
        *_moments("due_at", "started_at", "expanded_at", "ended_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_broadcast_series_id", "broadcast", ["series_id"])
    op.create_table(
        "broadcast_text",
        sa.Column("broadcast_id", _BIG, nullable=False),
        *_words("language"),
        sa.Column("text", sa.Text(), nullable=False),
        *_words("made_from", "reviewed_by"),
        sa.ForeignKeyConstraint(["broadcast_id"], ["broadcast.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("broadcast_id", "language"),
    )
    op.create_table(
        "broadcast_count",
        sa.Column("broadcast_id", _BIG, nullable=False),
        *_words("language", "channel", "status", "problem"),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["broadcast_id"], ["broadcast.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("broadcast_id", "language", "channel", "status", "problem"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the upgrade")
