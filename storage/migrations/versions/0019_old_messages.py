"""old messages are found without reading all of them"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    closed, handled = sa.text("closed_at IS NOT NULL"), sa.text("handled_at IS NOT NULL")
    op.create_index(
        "outbox_closed", "outbox", ["closed_at"], sqlite_where=closed, postgresql_where=closed
    )
    op.create_index(
        "inbox_handled", "inbox", ["handled_at"], sqlite_where=handled, postgresql_where=handled
    )


def downgrade() -> None:
    op.drop_index("inbox_handled", "inbox")
    op.drop_index("outbox_closed", "outbox")
