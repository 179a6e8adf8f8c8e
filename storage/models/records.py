"""The operators' own records: who changed what, what they should know, what has been done."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, String, text
from sqlmodel import Field, SQLModel

from storage.columns import NEVER_REUSED, id_column, moment, sealed


class Audit(SQLModel, table=True):
    """Who changed what: never edited (`storage.append_only`).

    ``before`` and ``after`` hold no personal data; ``chain``: `storage.audit.chained`.
    """

    __table_args__ = (Index("audit_subject", "subject", "id"), NEVER_REUSED)
    id: int = id_column()
    at: datetime = moment()
    operator: str
    action: str
    subject: str
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    after: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    chain: str = Field(
        default="", sa_column=Column(String, nullable=False, server_default=text("''"))
    )


class OperatorRole(SQLModel, table=True):
    """What somebody of the desk may do on the command line: `storage.roles.Role`."""

    __tablename__ = "operator_role"
    name: str = Field(primary_key=True)
    role: str


class Notice(SQLModel, table=True):
    """Something the operators should know, until one of them closes it."""

    id: int = id_column()
    at: datetime = moment()
    kind: str
    subject: str = ""
    text: str = sealed("notice.text")
    closed_at: datetime | None = moment(nullable=True)
    closed_by: str = ""


class Publication(SQLModel, table=True):
    """Statistics as they were published for one period; they are published again as they stand.

    ``definitions`` is the version of what the numbers mean; ``tables`` hold no small number.
    """

    first: date = Field(primary_key=True)
    last: date = Field(primary_key=True)
    at: datetime = moment()
    operator: str
    definitions: str
    tables: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))


class JobRun(SQLModel, table=True):
    """A scheduled job that was done for one local day; unique, so it is done once."""

    __tablename__ = "job_run"
    job: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    at: datetime = moment()


class KeyInUse(SQLModel, table=True):
    """One row: the key that seals what is written now (`storage.sealing`), never the key itself.

    ``proof`` opens with that key only.
    """

    __tablename__ = "key_in_use"
    id: int = Field(primary_key=True, default=1)
    key_id: str
    proof: str


class Erasure(SQLModel, table=True):
    """That the contact with this number was erased: a backup of before has to forget them, too."""

    __table_args__ = NEVER_REUSED
    id: int = id_column()
    contact: int = Field(sa_column=Column(BigInteger, nullable=False))
    at: datetime = moment(index=True)
