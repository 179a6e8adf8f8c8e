"""event indexes: all that statistics read"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_WHAT = ["kind", "flow", "step", "key", "contact_id", "at"]


def upgrade() -> None:
    op.create_index("event_what", "event", _WHAT)
    op.create_index("event_who", "event", ["contact_id", "channel", "at"])
    op.drop_index("event_kind_at", "event")
    op.drop_index("ix_event_contact_id", "event")


def downgrade() -> None:
    op.create_index("ix_event_contact_id", "event", ["contact_id"])
    op.create_index("event_kind_at", "event", ["kind", "at"])
    op.drop_index("event_who", "event")
    op.drop_index("event_what", "event")
