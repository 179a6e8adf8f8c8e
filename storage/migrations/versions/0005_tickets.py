"""tickets: what people and the people of the desk write to each other"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("closed_at IS NULL")


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _moments(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def upgrade() -> None:
    op.create_table(
        "ticket",
        sa.Column("id", _BIG, autoincrement=False, nullable=False),
        sa.Column("contact_id", _BIG, nullable=False),
        *_words("reason"),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("listens", sa.Boolean(), nullable=False),
        *_words("assigned_to"),
        *_moments("opened_at", "heard_at"),
        *_moments("first_reply_at", "replied_at", "closed_at", nullable=True),
        sa.ForeignKeyConstraint(["id"], ["notice.id"]),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_ticket_contact_id", "ticket", ["contact_id"])
    op.create_index(
        "ticket_one_open",
        "ticket",
        ["contact_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_table(
        "ticket_message",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("ticket_id", _BIG, nullable=False),
        *_moments("at"),
        *_words("author", "operator"),
        sa.Column("text", sa.Text(), nullable=False),
        *_words("canned"),
        sa.Column("letter_id", sa.BigInteger(), nullable=True),
        *_words("problem"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_ticket_message_ticket_id", "ticket_message", ["ticket_id"])
    op.create_index("ix_ticket_message_letter_id", "ticket_message", ["letter_id"])
    op.create_table(
        "desk_topic",
        sa.Column("contact_id", _BIG, nullable=False),
        *_words("chat"),
        sa.Column("thread", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("contact_id"),
    )
    op.create_index("desk_topic_thread", "desk_topic", ["chat", "thread"], unique=True)


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the upgrade")
