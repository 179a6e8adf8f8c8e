"""the desk's agenda: places, staff, appointments, holds, waitlist, reminders"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("closed_at IS NULL")
_ABOUT = sa.text("closed_at IS NULL AND about <> ''")


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _flags(*names: str) -> list[sa.Column[bool]]:
    return [sa.Column(name, sa.Boolean(), nullable=False) for name in names]


def _whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _moments(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def upgrade() -> None:
    _rules()
    _booked()
    with op.batch_alter_table("outbox") as batch:
        batch.add_column(sa.Column("about", sa.String(), nullable=False, server_default=""))
        batch.create_index("outbox_about", ["about"], sqlite_where=_ABOUT, postgresql_where=_ABOUT)
    with op.batch_alter_table("outbox") as batch:
        batch.alter_column("about", server_default=None)


def _rules() -> None:
    op.create_table(
        "desk_place",
        *_words("id", "name", "comune", "address", "phone"),
        *_whole("rooms"),
        *_words("hours", "weeks", "patron"),
        *_flags("phone_only"),
        *_words("offer"),
        *_flags("active"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "desk_staff",
        *_words("id", "name", "languages"),
        *_flags("mediates", "on_request"),
        *_words("hours", "places"),
        *_flags("active"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "desk_rules",
        *_whole("id"),
        sa.Column("topics", sa.JSON(), nullable=False),
        *_whole("grid", "notice_hours", "days_ahead", "hold_minutes"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "desk_exception",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        *_words("place"),
        sa.Column("day", sa.Date(), nullable=False),
        *_words("hours"),
        *_flags("closes"),
        *_words("reason"),
        sa.PrimaryKeyConstraint("id"),
    )


def _booked() -> None:
    op.create_table(
        "appointment",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("contact_id", _BIG, nullable=True),
        *_words("place", "colleague", "mediator"),
        *_whole("room"),
        *_words("topic", "language"),
        *_moments("starts_at", "ends_at"),
        *_words("status"),
        *_whole("sequence"),
        *_moments("created_at"),
        *_moments("confirmed_at", "held_until", "closed_at", nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("appointment_of", "appointment", ["contact_id", "status"])
    op.create_index("appointment_at", "appointment", ["starts_at"])
    appointment = ["appointment.id"]
    op.create_table(
        "hold",
        *_words("resource"),
        *_moments("at"),
        sa.Column("appointment_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["appointment_id"], appointment, ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("resource", "at"),
    )
    op.create_index("ix_hold_appointment_id", "hold", ["appointment_id"])
    op.create_table(
        "waiting",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("contact_id", _BIG, nullable=False),
        *_words("topic", "language", "place"),
        sa.Column("appointment_id", _BIG, nullable=True),
        *_words("refused"),
        *_moments("created_at"),
        *_moments("closed_at", nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["appointment_id"], appointment, ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_waiting_contact_id", "waiting", ["contact_id"])
    op.create_index(
        "waiting_once",
        "waiting",
        ["contact_id", "topic"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_table(
        "reminder",
        sa.Column("appointment_id", _BIG, nullable=False),
        *_words("kind"),
        *_moments("starts_at"),
        sa.ForeignKeyConstraint(["appointment_id"], appointment, ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("appointment_id", "kind", "starts_at"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the upgrade")
