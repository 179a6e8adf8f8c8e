"""The database itself refuses to change the audit log: no statement of ours can, nor a mistake."""

from sqlalchemy import Connection

KEPT_DAYS = 730
"""Before so many days nothing of it may be deleted. (Garante, 27 November 2008, wants six months.)
"""
_KEPT_MS = KEPT_DAYS * 86_400_000
_REFUSED = "the audit log is append-only"

_SQLITE = (
    f"""CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END""",
    f"""CREATE TRIGGER audit_kept BEFORE DELETE ON audit
    WHEN OLD.at > strftime('%s', 'now') * 1000 - {_KEPT_MS}
    BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END""",
)
_POSTGRESQL = (
    f"""CREATE FUNCTION audit_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at <= extract(epoch FROM now()) * 1000 - {_KEPT_MS} THEN RETURN OLD; END IF;
    END IF;
    RAISE EXCEPTION '{_REFUSED}'; END $$""",
    """CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_kept()""",
    """CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_kept()""",
)
_LIFT = {
    "sqlite": ("DROP TRIGGER audit_unchanged", "DROP TRIGGER audit_kept"),
    "postgresql": ("DROP FUNCTION audit_kept CASCADE",),
}


def protect(connection: Connection) -> None:
    """From now on entries are added, and those older than `KEPT_DAYS` may go; nothing else."""
    sqlite = connection.dialect.name == "sqlite"
    for statement in _SQLITE if sqlite else _POSTGRESQL:
        connection.exec_driver_sql(statement)


def lift(connection: Connection) -> None:
    """For a migration that has to touch the table."""
    for statement in _LIFT[connection.dialect.name]:
        connection.exec_driver_sql(statement)
