"""sealing: addresses and words are unreadable without the key"""

from functools import partial

import sqlalchemy as sa
from alembic import op

from storage.resealing import rewrite
from storage.sealing import sealing_of

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ADDRESSES = {
    "address": (("id",), "address"),
    "inbox": (("id",), "address"),
    "outbox": (("id",), "address"),
    "permit": (("channel", "number"), "address"),
    "simulator_message": (("id",), "chat"),
    "desk_topic": (("contact_id",), "chat"),
}
_WORDS = {
    "conversation": ("contact_id", "state"),
    "inbox": ("id", "body"),
    "outbox": ("id", "body"),
    "simulator_message": ("id", "text", "body"),
    "unanswered": ("id", "text"),
    "notice": ("id", "text"),
    "ticket_message": ("id", "text"),
}


def upgrade() -> None:
    made = op.create_table(
        "key_in_use",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    connection = op.get_bind()
    sealing = sealing_of(connection.dialect)
    key, proof = sealing.begin()
    connection.execute(made.insert().values(id=1, key_id=key, proof=proof))
    _rewrite(connection, sealing.seal, sealing.seal_same)


def downgrade() -> None:
    connection = op.get_bind()
    sealing = sealing_of(connection.dialect)
    _rewrite(connection, sealing.open, sealing.open_same)
    op.drop_table("key_in_use")


def _rewrite(connection, words, address) -> None:
    for table, (keys, column) in _ADDRESSES.items():
        rewrite(connection, table, keys, {column: lambda text: address(text, "address")})
    for table, (key, *columns) in _WORDS.items():
        ways = {name: partial(words, where=f"{table}.{name}") for name in columns}
        rewrite(connection, table, (key,), ways)
