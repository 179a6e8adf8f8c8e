"""saved searches, what people were told, when an offer was first shown"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENTS = ("seen_at", "due_at", "created_at")


def upgrade() -> None:
    op.create_table(
        "search",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("contact_id", _BIG, nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("every", sa.String(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _MOMENTS),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_search_contact_id", "search", ["contact_id"])
    op.create_index("search_due", "search", ["due_at"])
    op.create_table(
        "alerted",
        sa.Column("contact_id", _BIG, nullable=False),
        sa.Column("listing_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("contact_id", "listing_id"),
    )
    with op.batch_alter_table("listing") as batch:
        batch.add_column(sa.Column("shown_at", sa.BigInteger(), nullable=True))
        batch.create_index("ix_listing_shown_at", ["shown_at"])
    op.execute("UPDATE listing SET shown_at = 0 WHERE status <> 'draft'")


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the upgrade")
