"""Who of the desk may do what on the command line.

While nobody is named everybody may do everything: whoever sets a desk up needs no ceremony. With
the first name that changes, and there is always an admin.
"""

from sqlalchemy import Connection, delete, insert, inspect, select
from sqlmodel import col

from storage.audit import By, record
from storage.models import OperatorRole
from storage.role import Role

_TABLE = "operator_role"


class LastAdminError(Exception):
    """Without an admin nobody could name one."""


def roles(connection: Connection) -> dict[str, Role]:
    """Everybody who is named, by name; before this release nobody was."""
    if not inspect(connection).has_table(_TABLE):
        return {}
    query = select(col(OperatorRole.name), col(OperatorRole.role)).order_by(col(OperatorRole.name))
    return {name: Role(role) for name, role in connection.execute(query)}


def role_of(named: dict[str, Role], names: set[str]) -> Role | None:
    """The role of somebody who is known by these names: the least of them; None for nobody's.

    Whoever logs in under a name that is listed gains nothing by giving another one.
    """
    if not named:
        return Role.ADMIN
    found = [named[name] for name in names if name in named]
    return min(found, key=list(Role).index, default=None)


def assign(connection: Connection, name: str, role: Role, by: By) -> dict[str, Role]:
    """From now on ``name`` has this role; all roles afterwards.

    The first time whoever does it becomes an admin too. Raises LastAdminError.
    """
    before = roles(connection)
    after = {**(before or {by.operator: Role.ADMIN}), name: role}
    return _replace(connection, before, after, by)


def remove(connection: Connection, name: str, by: By) -> bool:
    """``name`` has no role any more; False when it had none. Raises LastAdminError."""
    before = roles(connection)
    if name not in before:
        return False
    _replace(connection, before, {n: r for n, r in before.items() if n != name}, by)
    return True


def refuse(connection: Connection, command: str, by: By) -> None:
    """Write down that somebody tried."""
    record(connection, by, "refused", [(f"command:{command}", None, None)])


def _replace(
    connection: Connection, before: dict[str, Role], after: dict[str, Role], by: By
) -> dict[str, Role]:
    if Role.ADMIN not in after.values():
        raise LastAdminError("Somebody has to be admin: name another one first.")
    connection.execute(delete(OperatorRole))
    rows = [{"name": name, "role": role.value} for name, role in after.items()]
    connection.execute(insert(OperatorRole), rows)
    changed = [n for n in {**before, **after} if before.get(n) != after.get(n)]
    record(
        connection,
        by,
        "role",
        [(f"operator:{n}", _role(before, n), _role(after, n)) for n in changed],
    )
    return after


def _role(named: dict[str, Role], name: str) -> dict[str, str] | None:
    return {"role": named[name].value} if name in named else None
