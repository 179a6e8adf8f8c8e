"""the appointment a moved one was at first; holds by time"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("appointment", sa.Column("first_id", _BIG, nullable=True))
    op.create_index("hold_at", "hold", ["at"])
