"""how far people came with the offers they were interested in"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "outcome",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("contact_id", _BIG, nullable=False),
        sa.Column("listing_id", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("rung", sa.String(), nullable=False),
        sa.Column("ended", sa.String(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("ask_at", sa.BigInteger(), nullable=True),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("contact_id", "listing_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outcome_contact_id", "outcome", ["contact_id"])
    op.create_index("outcome_ask", "outcome", ["ask_at"])
    _take_over()


def _take_over() -> None:
    """Whoever was interested before is on the first rung; they were not told of a question."""
    op.execute(
        "INSERT INTO outcome (contact_id, listing_id, topic, rung, ended, asked, said_at) "
        "SELECT i.contact_id, i.listing_id, l.topic, 'interested', '', 0, i.at "
        "FROM interest i JOIN listing l ON l.id = i.listing_id "
        "WHERE l.topic IN ('job', 'training') ORDER BY i.id"
    )


def downgrade() -> None:
    op.drop_index("outcome_ask", "outcome")
    op.drop_index("ix_outcome_contact_id", "outcome")
    op.drop_table("outcome")
