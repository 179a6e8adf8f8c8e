"""the social taxi: rules, rides, drives with their seats, wishes that could not be met"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("closed_at IS NULL")
_KNOWN = sa.text("contact_id IS NOT NULL")


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _moments(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def _id() -> sa.Column[int]:
    return sa.Column("id", _BIG, autoincrement=True, nullable=False)


def upgrade() -> None:
    _rules()
    _rides()
    _wishes()


def _rules() -> None:
    op.create_table(
        "ride_rules",
        *_whole("id"),
        *_words("name", "phone"),
        sa.Column("points", sa.JSON(), nullable=False),
        *_words("hours"),
        sa.Column("closed", sa.JSON(), nullable=False),
        *_whole("notice_hours", "days_ahead", "grid", "price_cents", "cars", "seats"),
        *_whole("child_seats", "ride_minutes", "share_minutes", "cancel_hours"),
        sa.PrimaryKeyConstraint("id"),
    )


def _rides() -> None:
    op.create_table(
        "run",
        _id(),
        *_whole("car"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ride",
        _id(),
        sa.Column("contact_id", _BIG, nullable=True),
        *_words("origin", "origin_point", "destination", "destination_point"),
        *_moments("wanted_at", "leaves_at"),
        *_whole("people", "child_seats"),
        *_words("purpose", "status"),
        sa.Column("run_id", _BIG, nullable=True),
        *_moments("created_at", "answer_by"),
        *_moments("reminded_at", "closed_at", nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ride_contact_id", "ride", ["contact_id"])
    op.create_index("ix_ride_run_id", "ride", ["run_id"])
    op.create_index("ride_at", "ride", ["leaves_at"])
    op.create_index(
        "ride_once",
        "ride",
        ["contact_id", "leaves_at"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    run = ["run.id"]
    op.create_table(
        "run_hold",
        *_whole("car"),
        *_moments("at"),
        sa.Column("run_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], run, ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("car", "at"),
    )
    op.create_table(
        "run_seat",
        sa.Column("run_id", _BIG, nullable=False),
        *_words("seat"),
        sa.Column("ride_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], run, ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["ride_id"], ["ride.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "seat"),
    )
    op.create_index("ix_run_seat_ride_id", "run_seat", ["ride_id"])


def _wishes() -> None:
    op.create_table(
        "ride_wish",
        _id(),
        sa.Column("contact_id", _BIG, nullable=True),
        *_words("origin", "destination"),
        sa.Column("day", sa.Date(), nullable=False),
        *_words("band"),
        *_whole("people"),
        *_words("reason"),
        *_moments("at"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "wish_once",
        "ride_wish",
        ["contact_id", "origin", "destination", "day", "band"],
        unique=True,
        sqlite_where=_KNOWN,
        postgresql_where=_KNOWN,
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the upgrade")
