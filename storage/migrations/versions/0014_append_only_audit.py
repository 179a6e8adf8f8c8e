"""the audit log is chained and cannot be changed; who may do what"""

import json

import sqlalchemy as sa
from alembic import op

from storage.append_only import lift, protect
from storage.audit import chained

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_ENTRIES = "SELECT id, at, operator, action, subject, before, after FROM audit ORDER BY id"


def upgrade() -> None:
    op.create_table(
        "operator_role",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("role", sa.String(), nullable=False),
    )
    op.add_column("audit", sa.Column("chain", sa.String(), nullable=False, server_default=""))
    connection = op.get_bind()
    rows = connection.exec_driver_sql(_ENTRIES).all()
    previous = ""
    for row in rows:
        found = dict(row._mapping)
        for name in ("before", "after"):
            if isinstance(found[name], str):
                found[name] = json.loads(found[name])
        previous = chained(previous, found)
        change = sa.text("UPDATE audit SET chain = :chain WHERE id = :id")
        connection.execute(change, {"chain": previous, "id": found["id"]})
    protect(connection)


def downgrade() -> None:
    lift(op.get_bind())
    with op.batch_alter_table("audit") as audit:
        audit.drop_column("chain")
    op.drop_table("operator_role")
