"""sending: permits, pauses, approvals of templates, indexes for a large outbox"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OPEN = sa.text("closed_at IS NULL")
_SENDING = sa.text("status = 'sending'")
_EXPIRES = sa.text("closed_at IS NULL AND expires_at IS NOT NULL")
_DUE = ["channel", "priority", "due_at", "id"]
_APPROVAL = ("language", "category", "approval", "reason")


def upgrade() -> None:
    op.create_table(
        "permit",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("free_at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "number"),
    )
    op.create_table(
        "pause",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "priority"),
    )
    op.add_column("address", sa.Column("rests_until", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("template") as batch:
        for name in _APPROVAL:
            batch.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("template") as batch:
        for name in _APPROVAL:
            batch.alter_column(name, server_default=None)
    op.drop_index("outbox_open", "outbox")
    op.create_index("outbox_due", "outbox", _DUE, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index(
        "outbox_sending", "outbox", ["claimed_at"], sqlite_where=_SENDING, postgresql_where=_SENDING
    )
    op.create_index(
        "outbox_expires", "outbox", ["expires_at"], sqlite_where=_EXPIRES, postgresql_where=_EXPIRES
    )


def downgrade() -> None:
    for name in ("outbox_expires", "outbox_sending", "outbox_due"):
        op.drop_index(name, "outbox")
    op.create_index(
        "outbox_open", "outbox", ["priority", "id"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    with op.batch_alter_table("template") as batch:
        for name in _APPROVAL:
            batch.drop_column(name)
    op.drop_column("address", "rests_until")
    op.drop_table("pause")
    op.drop_table("permit")
