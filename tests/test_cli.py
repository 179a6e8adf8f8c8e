"""The command line: help with an example everywhere, JSON that parses, mistakes in one line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import Engine, update
from sqlmodel import col

import admin_cli
from bot.channel import Received
from bot.commands.output import print_table
from bot.runtime import Parts
from bot.worker import Delivery, Worker
from flows.messages import Inbound
from storage.contacts import export_contact
from storage.database import open_database
from storage.models import Address
from storage.schema import is_current
from tests.conftest import ROOT, Run

NAME = "Zoltanka"


@pytest.fixture(autouse=True)
def environment(run: Run) -> None:
    """The same for commands in a process of their own."""


def process(*arguments: str, **values: str) -> subprocess.CompletedProcess[str]:
    """A command as an operator runs it."""
    return subprocess.run(
        [sys.executable, str(ROOT / "admin_cli.py"), *arguments],
        env={**os.environ, **values},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def people(run: Run, parts: Parts, tmp_path: Path) -> Iterator[Engine]:
    """A database with two people who wrote; the first one's name is known."""
    run("init", "--quiet")
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    worker = Worker(engine, parts.flows, parts.settings.zone, parts.now)
    taps = [Inbound("hi"), *(Inbound(tap=tap) for tap in ("1:en", "2:yes", "3:18_24", "4:no"))]
    for number, inbound in enumerate([*taps, Inbound(NAME)]):
        worker.take([Delivery(Received("telegram", f"u{number}", "chat-1", inbound))])
    worker.take([Delivery(Received("whatsapp", "v1", "chat-2", Inbound("ciao")))])
    yield engine
    engine.dispose()


# ── help ────────────────────────────────────────────────────────────────────────────────────────


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command, with the words that lead to it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = list(commands(typer.main.get_command(admin_cli.app)))


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(c[0]) for c in COMMANDS])
def test_every_command_has_help_and_an_example(
    run: Run, path: tuple[str, ...], command: Any
) -> None:
    assert command.help and command.help.rstrip().endswith(".")
    assert (command.epilog or "").startswith(f"Example: python admin_cli.py {' '.join(path)}")
    shown = run(*path, "--help")
    assert f"Example: python admin_cli.py {' '.join(path)}" in shown
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{' '.join(path)}: {parameter.name}"


def test_there_are_the_commands_an_operator_needs() -> None:
    found = {" ".join(path) for path, _command in COMMANDS}
    assert found >= {
        "init",
        "doctor",
        "chat",
        "db upgrade",
        "contacts list",
        "contacts show",
        "contacts export",
        "contacts erase",
        "whatsapp provision",
        "whatsapp templates",
    }


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(c[0]) for c in COMMANDS])
def test_every_command_is_in_the_docs(path: tuple[str, ...], command: Any) -> None:
    docs = (ROOT / "docs" / "admin-cli.md").read_text(encoding="utf-8")
    said = command.help.split("\n\n")[0].replace("\n", " ")
    page = docs.partition(f"\n## {' '.join(path)}\n")[2].partition("\n## ")[0]
    assert said in " ".join(page.replace("> ", "").split()), "help and docs say the same"
    assert f"admin_cli.py {' '.join(path)}" in page


def test_every_example_names_real_options() -> None:
    by_path = dict(COMMANDS)
    for path, command in COMMANDS:
        words = (command.epilog or "").split()[3:]
        known = {name for parameter in by_path[path].params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, path


# ── a fresh start ───────────────────────────────────────────────────────────────────────────────


def test_init_makes_the_database_ready(run: Run, tmp_path: Path) -> None:
    assert "The database is ready." in run("init")
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    assert is_current(engine)
    engine.dispose()
    assert run("init", "--quiet") == ""
    assert run("db", "upgrade") == "The database is up to date.\n"


def test_init_with_demo_brings_offers_and_again_changes_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO", "1")
    first = run("init")
    assert "demo offers are in it" in first
    assert run("init") == first
    assert not any(f["check"] == "content" for f in run.json("doctor", "--json"))


# ── doctor ──────────────────────────────────────────────────────────────────────────────────────


def states(run: Run, code: int) -> dict[str, str]:
    found = run.json("doctor", "--json", code=code)
    assert all(set(finding) == {"check", "state", "says"} for finding in found)
    return {finding["check"]: finding["state"] for finding in found}


def test_doctor_says_what_to_do(run: Run) -> None:
    before = states(run, code=1)
    assert (before["database"], before["catalogs"], before["clock"]) == ("problem", "ok", "ok")
    shown = run("doctor", code=1)
    assert "run `python admin_cli.py" in shown and "problem" in shown
    run("init", "--quiet")
    after = states(run, code=0)
    assert (after["database"], after["content"]) == ("ok", "warning")


def test_doctor_sees_a_database_that_does_not_answer(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://desk:hunter2-secret@127.0.0.1:1/x")
    assert states(run, code=1)["database"] == "problem"
    assert "hunter2-secret" not in run("doctor", code=1)


# ── people ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("people")
def test_the_list_has_nobodys_name(run: Run) -> None:
    rows = run.json("contacts", "list", "--json")
    assert {row["channel"] for row in rows} == {"telegram", "whatsapp"}
    assert NAME not in str(rows) and "chat-1" not in str(rows)
    assert len(run.json("contacts", "list", "--limit", "1", "--json")) == 1
    table = run("contacts", "list")
    assert "telegram" in table and NAME not in table


def first_person(run: Run) -> str:
    rows = run.json("contacts", "list", "--json")
    return str(next(row["id"] for row in rows if row["channel"] == "telegram"))


@pytest.mark.usefixtures("people")
def test_one_person(run: Run) -> None:
    id = first_person(run)
    table = run("contacts", "show", id)
    assert NAME in table and "chat-1" in table
    kept = run.json("contacts", "show", id, "--json")
    assert kept["conversation"]["state"]["profile"]["name"] == NAME


def test_everything_of_one_person_as_a_file(run: Run, people: Engine, tmp_path: Path) -> None:
    id = first_person(run)
    printed = run.json("contacts", "export", id)
    to = tmp_path / "person.json"
    assert str(to) in run("contacts", "export", id, "--to", str(to))
    written = json.loads(to.read_text(encoding="utf-8"))
    assert written == printed and len(written["consents"]) == 2
    with people.begin() as connection:
        kept = export_contact(connection, int(id))
    assert kept and json.loads(json.dumps(kept, default=str)) == written


def kept(people: Engine, channel: str) -> tuple[bytes, ...]:
    """The address and the conversation of who writes there, as they are in the database: sealed."""
    query = (
        "SELECT address, conversation.state FROM address JOIN conversation USING (contact_id)"
        " WHERE channel = ?"
    )
    with people.connect() as connection:
        [row] = connection.exec_driver_sql(query, (channel,))
    return tuple(word.encode() for word in row)


def test_erasing_asks_first(run: Run, people: Engine, tmp_path: Path) -> None:
    id = first_person(run)
    theirs, others = kept(people, "telegram"), kept(people, "whatsapp")
    run("contacts", "erase", id, code=1, typed="n\n")
    assert first_person(run) == id
    people.dispose()
    shown = run("contacts", "erase", id, typed="y\n")
    assert f"Person {id} (telegram). This goes for good:" in shown and "- 2 × consents" in shown
    assert NAME not in shown and "chat-1" not in shown
    assert f"Person {id} is deleted." in shown
    assert [row["channel"] for row in run.json("contacts", "list", "--json")] == ["whatsapp"]
    data = b"".join(path.read_bytes() for path in tmp_path.glob("cli.db*"))
    assert not any(word in data for word in theirs) and all(word in data for word in others)


@pytest.mark.usefixtures("people")
def test_erasing_without_a_question(run: Run) -> None:
    id = first_person(run)
    assert "deleted" in run("contacts", "erase", id, "--yes")
    assert f"There is no person {id}" in run("contacts", "erase", id, "--yes", code=2)
    assert f"There is no person {id}" in run("contacts", "show", id, code=2)
    assert f"There is no person {id}" in run("contacts", "export", id, code=2)


def test_nobody_unknown_is_asked_about(run: Run) -> None:
    run("init", "--quiet")
    shown = run("contacts", "erase", "99", code=2)
    assert "There is no person 99" in shown and "Delete" not in shown
    assert run.json("audit", "--json") == []


def test_erasing_is_not_finished_while_the_log_is_read(
    run: Run, people: Engine, tmp_path: Path
) -> None:
    id = first_person(run)
    address, _ = kept(people, "telegram")
    with people.connect().execution_options(reading=True) as reader:
        reader.exec_driver_sql("SELECT id FROM contact").all()
        shown = run("contacts", "erase", id, "--yes", code=2)
        assert shown.startswith("NOT FINISHED") and "is deleted" not in shown
        assert address in b"".join(path.read_bytes() for path in tmp_path.glob("cli.db*"))
    people.dispose()
    assert f"There is no person {id}" in run("contacts", "erase", id, "--yes", code=2)
    assert address not in b"".join(path.read_bytes() for path in tmp_path.glob("cli.db*"))


def test_what_a_person_wrote_cannot_command_the_terminal(run: Run, people: Engine) -> None:
    id = first_person(run)
    with people.begin() as connection:
        theirs = update(Address).where(col(Address.channel) == "telegram")
        connection.execute(theirs.values(address="\x1b[31m[red]chat[/red]"))
    table = run("contacts", "show", id)
    assert "\x1b" not in table and "[red]chat[/red]" in table


# ── a conversation ──────────────────────────────────────────────────────────────────────────────


def test_a_chat_is_recorded_as_a_transcript(run: Run, tmp_path: Path) -> None:
    run("init", "--quiet")
    record = tmp_path / "bug.txt"
    shown = run("chat", "--language", "fr", "--record", str(record), typed="salut\n\n[fr]\n")
    assert "= asked welcome keep_answers" in shown
    lines = record.read_text(encoding="utf-8").split("\n")
    assert lines[0].startswith((">", "!", "#"))
    assert [line for line in lines if line.startswith(">")] == ["> salut", "> [fr]"]
    assert "= spoke welcome speak fr" in lines


# ── mistakes at the keyboard ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "values", "line"),
    [
        (["doctor"], {"HTTP_PORT": "many"}, "HTTP_PORT: "),
        (["init"], {"DATABASE_URL": "mysql://u:hunter2-secret@h/d"}, "DATABASE_URL: "),
        (["contacts", "list"], {"TIMEZONE": "Mars/Base"}, "TIMEZONE: "),
        (["chat"], {"DEFAULT_LANGUAGE": "tlh"}, "DEFAULT_LANGUAGE: there is no locales/tlh"),
        (["contacts", "list"], {}, "The database does not answer"),
        (["whatsapp", "provision"], {}, "TWILIO_ACCOUNT_SID is not set"),
        (["whatsapp", "templates"], {}, "TWILIO_ACCOUNT_SID is not set"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_2(
    arguments: list[str], values: dict[str, str], line: str
) -> None:
    done = process(*arguments, **values)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(line) and done.stderr.count("\n") == 1
    assert "hunter2-secret" not in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"HTTP_PORT": "many"}, "HTTP_PORT: "),
        ({"HTTP_HOST": "nowhere.invalid", "SIMULATOR": "0"}, "HTTP_HOST: nowhere.invalid:"),
        ({"DEFAULT_LANGUAGE": "xx"}, "DEFAULT_LANGUAGE: there is no locales/xx"),
    ],
)
def test_the_bot_says_what_is_wrong_in_one_line(
    values: dict[str, str], line: str, filled_database: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "--role", "web"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{filled_database}", **values},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"sportello: {line}") and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["contacts", "show", "x"], ["contacts", "list", "--limit", "0"]]
)
def test_a_wrong_argument_is_exit_2(run: Run, arguments: list[str]) -> None:
    assert "Invalid value" in run(*arguments, code=2)


def test_who_looks_at_a_person_is_written_down(run: Run, people: Engine) -> None:
    run("contacts", "show", "1")
    run("contacts", "export", "1")
    run("contacts", "erase", "1", "--yes")
    rows = run.json("audit", "--subject", "contact:1", "--json")
    assert [row["action"] for row in rows] == ["erase", "export", "look at"]
    assert NAME not in json.dumps(rows)


def test_tables_show_the_hours_of_the_desk(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIMEZONE", "Europe/Rome")
    print_table(("at",), [[datetime(2026, 7, 1, 22, 5, tzinfo=UTC)]])
    assert "2026-07-02 00:05" in capsys.readouterr().out
