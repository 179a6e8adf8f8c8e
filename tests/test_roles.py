"""Who may do what on the command line: one table, one check, and refusals that are written down."""

import getpass
import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

import admin_cli
from bot.commands.permitted import ADMIN, LEAST, commands
from storage.audit import By, entries
from storage.database import open_database
from storage.role import Role
from storage.roles import LastAdminError, assign, remove, role_of, roles
from storage.schema import upgrade
from tests.conftest import START, Run

BY = By("anna", START)


@pytest.fixture
def as_somebody(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody logs in under the same name, that nobody has listed."""
    monkeypatch.setattr(getpass, "getuser", lambda: "desk")
    monkeypatch.setenv("SPORTELLO_OPERATOR", "anna")


@pytest.fixture
def named(as_somebody: None, run: Run, tmp_path: Path) -> Engine:
    """anna is admin, bruno operator, carla coordinator."""
    run("init", "--quiet")
    run("operators", "set", "bruno", "operator")
    run("operators", "set", "carla", "coordinator")
    return open_database(f"sqlite:///{tmp_path / 'cli.db'}")


def test_the_table_names_every_command_and_no_other() -> None:
    found = {path for path, _ in commands(admin_cli.app)}
    assert set(LEAST) == found
    assert set(LEAST.values()) <= {"", *Role}


@pytest.mark.parametrize(
    "path", ["contacts erase", "contacts export", "operators set", "operators remove"]
)
def test_what_only_an_admin_may(path: str) -> None:
    assert LEAST[path] == ADMIN


def test_a_new_desk_needs_no_ceremony(as_somebody: None, run: Run) -> None:
    run("init", "--quiet")
    assert "everybody may do everything" in run("operators", "list")
    run("contacts", "list")
    run("stats", "summary", "--from", "2026-11-01", "--to", "2026-11-02")


def test_who_gives_the_first_role_is_admin(named: Engine, run: Run) -> None:
    assert run.json("operators", "list", "--json") == {
        "anna": "admin",
        "bruno": "operator",
        "carla": "coordinator",
    }
    named.dispose()


@pytest.mark.parametrize(
    ("who", "command", "may"),
    [
        ("bruno", ("inbox", "list"), True),
        ("bruno", ("audit",), False),
        ("bruno", ("contacts", "erase", "1", "--yes"), False),
        ("bruno", ("operators", "set", "bruno", "admin"), False),
        ("carla", ("audit",), True),
        ("carla", ("inbox", "list"), True),
        ("carla", ("contacts", "export", "1"), False),
        ("mallory", ("inbox", "list"), False),
        ("mallory", ("init", "--quiet"), True),
        ("mallory", ("db", "upgrade"), True),
        ("anna", ("contacts", "list"), True),
    ],
)
def test_each_may_what_the_table_says(
    named: Engine,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    who: str,
    command: tuple[str, ...],
    may: bool,
) -> None:
    monkeypatch.setenv("SPORTELLO_OPERATOR", who)
    said = run(*command, code=0 if may else 2)
    with named.begin() as connection:
        tried = [e for e in entries(connection) if e["action"] == "refused"]
    named.dispose()
    assert ("Ask anna." in said) is not may
    assert [e["operator"] for e in tried] == ([] if may else [who])
    assert may or tried[0]["subject"] == f"command:{' '.join(command[:2])}"


def test_a_listed_login_gains_nothing_by_another_name(
    named: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "bruno")
    monkeypatch.setenv("SPORTELLO_OPERATOR", "anna")
    run("contacts", "erase", "1", "--yes", code=2)
    named.dispose()


def test_there_is_always_an_admin(named: Engine, run: Run) -> None:
    assert "Somebody has to be admin" in run("operators", "set", "anna", "operator", code=2)
    assert "Somebody has to be admin" in run("operators", "remove", "anna", code=2)
    run("operators", "set", "carla", "admin")
    run("operators", "remove", "anna")
    assert "has no role" in run("operators", "remove", "anna", code=2)
    named.dispose()


def test_changes_of_roles_are_in_the_audit(named: Engine) -> None:
    with named.begin() as connection:
        found = [(e["operator"], e["subject"], e["after"]) for e in entries(connection)]
    named.dispose()
    assert ("anna", "operator:bruno", {"role": "operator"}) in found
    assert ("anna", "operator:anna", {"role": "admin"}) in found


def test_the_least_of_two_names_counts() -> None:
    listed = {"anna": Role.ADMIN, "bruno": Role.OPERATOR}
    assert role_of({}, {"anyone"}) is Role.ADMIN
    assert role_of(listed, {"anna", "desk"}) is Role.ADMIN
    assert role_of(listed, {"anna", "bruno"}) is Role.OPERATOR
    assert role_of(listed, {"mallory"}) is None


def test_roles_on_both_databases(database: str) -> None:
    engine = open_database(database)
    upgrade(engine)
    with engine.begin() as connection:
        assign(connection, "bruno", Role.COORDINATOR, BY)
        assert json.dumps(roles(connection)) == '{"anna": "admin", "bruno": "coordinator"}'
        assert remove(connection, "bruno", BY) and not remove(connection, "bruno", BY)
        with pytest.raises(LastAdminError):
            remove(connection, "anna", BY)
    engine.dispose()
