"""offers as operators keep them: translations field by field, history, notices, providers"""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

import storage

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORDS = ("title", "summary", "bring", "who")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_subject", "audit", ["subject", "id"])
    op.create_table(
        "notice",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "unanswered",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("contact_id", _BIG, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("intent", sa.String(), nullable=False),
        sa.Column("comune", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_unanswered_contact_id", "unanswered", ["contact_id"])
    with op.batch_alter_table("listing") as batch:
        batch.drop_index("listing_topic")
        batch.add_column(sa.Column("email", sa.String(), nullable=False, server_default=""))
        batch.add_column(sa.Column("provider_id", _BIG, nullable=True))
        batch.add_column(sa.Column("asked_at", sa.BigInteger(), nullable=True))
        batch.create_foreign_key(
            "listing_provider", "contact", ["provider_id"], ["id"], ondelete="SET NULL"
        )
        batch.create_index("ix_listing_provider_id", ["provider_id"])
        batch.create_index(
            "listing_shown", ["topic", "status", "comune", "valid_until", "valid_from", "id"]
        )
    with op.batch_alter_table("listing_text") as batch:
        batch.add_column(sa.Column("made_from", sa.JSON(), nullable=False, server_default="{}"))
        batch.add_column(sa.Column("reviewed_by", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("listing") as batch:
        batch.alter_column("email", server_default=None)
    with op.batch_alter_table("listing_text") as batch:
        batch.alter_column("made_from", server_default=None)
        batch.alter_column("reviewed_by", server_default=None)
    _note_what_was_translated()
    _join_days_and_times()


def _note_what_was_translated() -> None:
    """Until now all languages came in together: each was made from the Italian beside it."""
    names = ", ".join(_WORDS)
    rows = op.get_bind().execute(
        sa.text(f"SELECT listing_id, language, {names} FROM listing_text")  # noqa: S608 constants
    )
    texts = {(row.listing_id, row.language): row._mapping for row in rows}
    for (listing, language), own in texts.items():
        italian = texts.get((listing, "it"), {})
        made_from = {
            name: hashlib.sha256(italian[name].encode()).hexdigest()[:16]
            for name in _WORDS
            if language != "it" and own[name] and italian.get(name)
        }
        op.get_bind().execute(
            sa.text(
                "UPDATE listing_text SET made_from = :made_from"
                " WHERE listing_id = :listing AND language = :language"
            ),
            {"made_from": json.dumps(made_from), "listing": listing, "language": language},
        )


def _join_days_and_times() -> None:
    """``days``, ``start`` and ``end`` become ``hours``; areas are ISTAT codes instead of names."""
    with (Path(storage.__file__).parent / "gazetteer.csv").open(encoding="utf-8") as file:
        codes = {row["name"]: row["istat"] for row in csv.DictReader(file)}
    for row in list(op.get_bind().execute(sa.text("SELECT id, details FROM listing"))):
        details: dict[str, Any] = (
            json.loads(row.details) if isinstance(row.details, str) else dict(row.details)
        )
        days = ",".join(details.pop("days", ()))
        start, end = (
            str(details.pop(name, "")).replace(".", ":").rjust(5, "0") for name in ("start", "end")
        )
        start, end = (time if ":" in time else "" for time in (start, end))
        times = f"{start}-{end}" if end else start
        if hours := " ".join(part for part in (days, times) if part):
            details["hours"] = hours
        if area := details.get("area"):
            details["area"] = [codes.get(name, name) for name in area]
        op.get_bind().execute(
            sa.text("UPDATE listing SET details = :details WHERE id = :id"),
            {"details": json.dumps(details), "id": row.id},
        )


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the upgrade")
