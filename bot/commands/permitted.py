"""What each command needs: the one table of roles, and the check before a command runs."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from typing import Any

import typer

from bot.commands import opening
from bot.commands.output import stop

ANYBODY, OPERATOR, COORDINATOR, ADMIN = "", "operator", "coordinator", "admin"

LEAST = {
    # The machine's own, and what shows nothing of anybody: no timer fails for want of a role.
    # Of backups the key decides, also where there is no database left to ask.
    **dict.fromkeys((
        "init", "doctor", "chat", "db upgrade", "backup", "restore", "questions train"), ANYBODY),
    # The desk's daily work.
    "ask": OPERATOR,
    **dict.fromkeys((f"content {name}" for name in (
        "list", "show", "add", "edit", "publish", "pause", "close", "checked", "provider",
        "history", "restore", "import", "export", "template", "check")), OPERATOR),
    **dict.fromkeys((f"translations {name}" for name in (
        "status", "export", "import", "review")), OPERATOR),
    **dict.fromkeys((f"contacts {name}" for name in (
        "list", "show", "interests", "tag", "tags", "correct")), OPERATOR),
    **dict.fromkeys((f"desk {name}" for name in (
        "close", "open", "appointments", "calendar", "book", "move", "cancel", "attended",
        "no-show", "export")), OPERATOR),
    **dict.fromkeys((f"rides {name}" for name in (
        "list", "confirm", "decline", "propose", "export", "wishes")), OPERATOR),
    **dict.fromkeys((f"inbox {name}" for name in (
        "list", "show", "reply", "canned", "assign", "note", "close")), OPERATOR),
    **dict.fromkeys((f"broadcast {name}" for name in (
        "new", "edit", "preview", "list", "dry-run", "test", "pause", "status", "report",
        "unknown")), OPERATOR),
    **dict.fromkeys((f"questions {name}" for name in (
        "unanswered", "label", "evaluate")), OPERATOR),
    "segments list": OPERATOR,
    **dict.fromkeys(("outcomes list", "outcomes note"), OPERATOR),
    "whatsapp templates": OPERATOR,
    "operators list": OPERATOR,
    # What reaches many people at once, counts them, or changes the rules for everybody.
    **dict.fromkeys((f"broadcast {name}" for name in (
        "send", "schedule", "resume", "cancel")), COORDINATOR),
    **dict.fromkeys((f"segments {name}" for name in ("save", "remove")), COORDINATOR),
    **dict.fromkeys((f"stats {name}" for name in (
        "summary", "funnel", "needs", "quality", "export", "report")), COORDINATOR),
    **dict.fromkeys((f"desk {name}" for name in ("rules", "staff")), COORDINATOR),
    "rides rules": COORDINATOR,
    **dict.fromkeys((f"retention {name}" for name in ("show", "dry-run")), COORDINATOR),
    "questions back": COORDINATOR,
    "audit": COORDINATOR,
    # Everything of a person, and the machine.
    **dict.fromkeys((f"contacts {name}" for name in ("export", "erase", "erase-again")), ADMIN),
    **dict.fromkeys((f"operators {name}" for name in ("set", "remove")), ADMIN),
    **dict.fromkeys((f"keys {name}" for name in ("status", "rotate")), ADMIN),
    "whatsapp provision": ADMIN,
    "retention run": ADMIN,
    "db copy": ADMIN,
}  # fmt: skip
"""The least role for each command. One that is missing here needs an admin."""


def guard(app: typer.Typer) -> None:
    """From now on each command of ``app`` first asks whether this person may."""
    for path, command in commands(app):
        least = LEAST.get(path, ADMIN)
        if least and command.callback:
            command.callback = _guarded(command.callback, path, least)


def commands(app: typer.Typer, before: str = "") -> Iterator[tuple[str, Any]]:
    """Each command, by the words that lead to it."""
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "").replace("_", "-")
        yield f"{before}{name}", command
    for group in app.registered_groups:
        assert group.typer_instance is not None
        word = (
            f"{group.name} " if isinstance(group.name, str) else ""
        )  # without one: the same level
        yield from commands(group.typer_instance, before + word)


def _guarded(run: Callable[..., Any], path: str, least: str) -> Callable[..., Any]:
    @wraps(run)
    def guarded(*args: Any, **values: Any) -> Any:
        _check(path, least)
        return run(*args, **values)

    return guarded


def _check(path: str, least: str) -> None:
    from storage.role import Role
    from storage.roles import refuse, role_of, roles

    engine = opening.to_read()
    with engine.begin() as connection:
        named = roles(connection)
    engine.dispose()  # the command itself may need to be the only one
    if not named:
        return
    by = opening.by()
    role = role_of(named, {by.operator, *_logins()})
    if role and role.covers(Role(least)):
        return
    with opening.database().begin() as connection:
        refuse(connection, path, by)
    admins = ", ".join(name for name, its in named.items() if its is Role.ADMIN)
    have = f"{by.operator} is {role.value}" if role else f"{by.operator} has no role"
    stop(f"`{path}` is for the role {least}, and {have}. Ask {admins}.")


def _logins() -> Iterator[str]:
    """Every name the machine knows them by."""
    for read in (opening.login, getpass.getuser):
        with suppress(KeyError, OSError):
            yield read()
