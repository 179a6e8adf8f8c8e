"""The broadcast commands: from a draft to the report, and every mistake in one line."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update
from sqlmodel import col

from bot import clock
from bot.commands import watching
from storage.contacts import export_contact
from storage.database import open_database
from storage.models import Event, Outbox, Template
from storage.outreach import broadcasts
from storage.templates import save_templates
from tests.conftest import START, Run
from tests.outreach import BY, add_person

NOW = START  # 10:00 at the desk


@pytest.fixture(autouse=True)
def at_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def people(run: Run, tmp_path: Path, database_file: Path) -> Iterator[Engine]:
    """The demo offers, and four people."""
    (tmp_path / "cli.db").write_bytes(database_file.read_bytes())
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    with engine.begin() as connection:
        add_person(connection, 1, "it", comune="005067", needs=["job"], age="25_34")
        add_person(connection, 2, "fr", comune="005026", needs=["job"])
        add_person(connection, 3, "fr", channel="whatsapp", heard=timedelta(days=2))
        add_person(connection, 4, "ar", alerts="stopped")
    yield engine
    engine.dispose()


def going(dry: dict[str, Any]) -> list[tuple[str, str]]:
    return [(row["language"], row["channel"]) for row in dry["going"]]


def test_from_a_draft_to_the_report(run: Run, people: Engine) -> None:
    run("broadcast", "new", "corso", "--text", "Sabato c'è un corso.")
    dry = run.json("broadcast", "dry-run", "1", "--json")
    assert dry["people"] == 4 and going(dry) == [("it", "telegram")]
    assert sum(row["people"] for row in (*dry["going"], *dry["left_out"])) == 4
    assert {(row["reason"], row["language"]) for row in dry["left_out"]} == {
        ("language", "fr"),
        ("stopped", "ar"),
    }
    run("broadcast", "edit", "1", "--fallback", "it")
    shown = run("broadcast", "send", "1", typed="n\n", code=1)
    assert "For 4 people: 2 get it, 2 do not." in shown
    assert "more than 24 hours ago" in shown and "they said STOP" in shown
    assert "Sabato c'è un corso." in shown
    run("broadcast", "send", "1", "--yes", "--no-wait")
    assert "only a draft can be sent" in run("broadcast", "send", "1", "--yes", code=2)
    assert run.json("broadcast", "status", "1", "--json") == {
        "state": "sending",
        "left_out": {"stopped": 1, "window_closed": 1},
        "queued": 2,
    }
    with people.begin() as connection:
        connection.execute(update(Outbox).values(status="read", closed_at=NOW))
        rows = [(1, "stop", "silence", "done"), (2, "news", "tapped", "1")]
        for contact, flow, step, key in rows:
            values = {"contact_id": contact, "kind": "did", "flow": flow, "step": step, "key": key}
            where = {"language": "it", "channel": "telegram", "at": NOW}
            connection.execute(insert(Event).values({**values, **where}))
        again = {**values, **where, "language": "fr", "channel": "whatsapp"}  # the same person
        connection.execute(insert(Event).values(again))
    report = run.json("broadcast", "report", "1", "--json")
    italian = next(row for row in report["by"] if row["language"] == "it")
    assert (italian["read"], italian["tapped"], italian["said_stop"]) == (1, 1, 1)
    assert sum(row["tapped"] for row in report["by"]) == 1
    assert {row["why"]: row["people"] for row in report["left_out"]} == {
        "they said STOP": 1,
        "WhatsApp: they wrote more than 24 hours ago": 1,
    }
    actions = [row["action"] for row in run.json("audit", "--subject", "broadcast:1", "--json")]
    assert actions == ["broadcast sending", "broadcast edit", "broadcast texts", "broadcast new"]


def test_after_the_24_hours_a_template_asks_first(run: Run, people: Engine) -> None:
    run("broadcast", "new", "a", "--text", "Ciao", "--fallback", "it")
    assert "would ask those 1 to write" in run("broadcast", "dry-run", "1")
    run("broadcast", "edit", "1", "--templates")
    assert "no approved template" in run("broadcast", "dry-run", "1")
    with people.begin() as connection:
        template = Template(name="news_waiting_fr", sid="HX1", language="fr", approval="approved")
        save_templates(connection, [template])
    shown = run("broadcast", "dry-run", "1")
    assert "template, then text" in shown and "first a template" in shown
    going = run.json("broadcast", "dry-run", "1", "--json")["going"]
    assert {(row["language"], row["channel"]) for row in going if row["by_template"]} == {
        ("fr", "whatsapp")
    }


def test_the_dry_run_says_what_a_choice_costs(
    run: Run, people: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("broadcast", "new", "a", "--text", "Ciao", "--fallback", "it")
    assert "would ask those 1 to write: what WHATSAPP" in run("broadcast", "dry-run", "1")
    monkeypatch.setenv("WHATSAPP_TEXT_EUROS", "0.01")
    monkeypatch.setenv("WHATSAPP_TEMPLATE_EUROS", "0.07")
    assert "about 0.08 € more" in run("broadcast", "dry-run", "1")
    with people.begin() as connection:
        template = Template(name="news_waiting_fr", sid="HX1", language="fr", approval="approved")
        save_templates(connection, [template])
    run("broadcast", "edit", "1", "--templates")
    assert "On WhatsApp this costs at most about 0.08 €." in run("broadcast", "dry-run", "1")
    assert run.json("broadcast", "dry-run", "1", "--json")["whatsapp_euros"] == pytest.approx(0.08)


def test_an_offer_opens_from_its_button(run: Run, people: Engine) -> None:
    run("broadcast", "new", "saldatore", "--offer", "job_welder_villanova")
    seen = run("broadcast", "preview", "1", "--language", "it", "--as", "whatsapp")
    assert "Saldatore" in seen and "[ℹ️ Dimmi di più]" in seen and "scrivi STOP" in seen
    assert "fr (unreviewed)" in run("broadcast", "preview", "1")
    run("translations", "review", "job_welder_villanova", "--to", "fr")
    assert "fr (" not in run("broadcast", "preview", "1")
    run("broadcast", "send", "1", "--yes", "--no-wait")
    with people.begin() as connection:
        bodies = connection.execute(select(col(Outbox.body))).scalars().all()
    assert len(bodies) == 2 and all("go:news-1-job_welder_villanova" in body for body in bodies)


def test_what_was_shown_is_what_is_sent(run: Run, people: Engine) -> None:
    """An offer whose words change after the dry run was accepted goes out as it was accepted."""
    run("broadcast", "new", "saldatore", "--offer", "job_welder_villanova")
    shown = run("broadcast", "schedule", "1", "2026-11-24 10:00", "--yes")
    assert "on Tuesday 24 November 2026, 10:00" in shown
    run("content", "edit", "job_welder_villanova", "--set", "title=Altro", "--yes")
    assert "Saldatore" in run("broadcast", "preview", "1", "--language", "it")


def test_translations_from_a_file(run: Run, people: Engine, tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    file.write_text("language,text\nit,Ciao\nfr,Salut\n", encoding="utf-8")
    run("broadcast", "new", "ciao", "--texts", str(file))
    assert going(run.json("broadcast", "dry-run", "1", "--json")) == [("it", "telegram")]
    run("broadcast", "edit", "1", "--reviewed", "fr")
    dry = run.json("broadcast", "dry-run", "1", "--json")
    assert going(dry) == [("fr", "telegram"), ("it", "telegram")]
    assert dry["texts"]["fr"].startswith("Salut")
    run("broadcast", "edit", "1", "--text", "Buongiorno")
    assert "fr (stale)" in run("broadcast", "preview", "1")


def test_audience_segments_and_tags(run: Run, people: Engine) -> None:
    run("contacts", "tag", "1", "nido")
    assert run.json("contacts", "tags", "--json") == {"nido": 1}
    with people.begin() as connection:
        assert (export_contact(connection, 1) or {})["tags"] == ["nido"]
    assert "nido" in run("contacts", "show", "1")
    run("segments", "save", "near", "--near", "Monale", "--km", "4")
    assert "near Monale, within 4 km" in run("segments", "list")
    run("broadcast", "new", "a", "--text", "Ciao", "--segment", "near", "--fallback", "it")
    assert run.json("broadcast", "dry-run", "1", "--json")["people"] == 2
    run("broadcast", "edit", "1", "--tag", "nido")
    assert run.json("broadcast", "dry-run", "1", "--json")["people"] == 1
    run("broadcast", "edit", "1", "--tag", "", "--need", "housing")
    assert run.json("broadcast", "dry-run", "1", "--json")["people"] == 0
    assert "needed by broadcast 1" in run("segments", "remove", "near", code=2)
    run("broadcast", "cancel", "1")
    run("segments", "remove", "near")
    run("contacts", "tag", "1", "nido", "--remove")
    assert run.json("contacts", "tags", "--json") == {}


def test_held_resumed_cancelled(run: Run, people: Engine) -> None:
    run("broadcast", "new", "a", "--text", "Ciao")
    run("broadcast", "send", "1", "--yes", "--no-wait")
    assert "is held" in run("broadcast", "pause", "1")
    assert "is paused" in run("broadcast", "pause", "1", code=2)
    run("broadcast", "resume", "1")
    assert "cannot be done" in run("broadcast", "resume", "1", code=2)
    run("broadcast", "cancel", "1")
    assert "you cancelled it" in run("broadcast", "report", "1")
    assert "cancelled" in run("broadcast", "list")


def test_whom_a_doubtful_message_was_for(run: Run, people: Engine) -> None:
    for name in ("a", "b"):
        run("broadcast", "new", name, "--text", "Ciao", "--fallback", "it")
    run("broadcast", "send", "1", "--yes", "--no-wait")
    with people.begin() as connection:
        mine = col(Outbox.contact_id) == 1
        doubt = {"status": "unknown", "closed_at": NOW}
        connection.execute(update(Outbox).where(mine).values(**doubt))
    [row] = run.json("broadcast", "unknown", "1", "--json")
    assert (row["person"], row["kind"], row["broadcast"]) == (1, "broadcast", 1)
    assert "telegram" in run("broadcast", "unknown")
    assert run.json("broadcast", "unknown", "2", "--json") == []
    run("broadcast", "unknown", "9", code=2)


def test_what_was_changed_since_it_was_shown_is_not_sent(
    run: Run, people: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("broadcast", "new", "a", "--text", "Ciao", "--language", "it")

    def edited(*_: object, **__: object) -> bool:
        with people.begin() as connection:
            assert broadcasts.change(connection, 1, {"audience": {}}, BY)
        return True

    monkeypatch.setattr("typer.confirm", edited)
    assert "Look at it again" in run("broadcast", "send", "1", code=2)
    assert run.json("broadcast", "list", "--json")[0]["state"] == "draft"


def test_at_night_it_waits_for_the_morning(
    run: Run, people: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 23, 21, 30, tzinfo=UTC))
    run("broadcast", "new", "a", "--text", "Ciao")
    shown = run("broadcast", "send", "1", "--yes")
    assert "nothing goes out before Tuesday 24 November, 08:00" in shown
    [row] = run.json("broadcast", "list", "--json")
    assert (row["state"], row["due_at"]) == ("scheduled", "2026-11-24 07:00:00+00:00")


def test_scheduled_at_night_or_again_and_again(run: Run, people: Engine) -> None:
    for name in ("a", "b"):
        run("broadcast", "new", name, "--text", "Ciao")
    assert "24 November 2026, 08:00" in run(
        "broadcast", "schedule", "1", "2026-11-23 23:00", "--yes"
    )
    shown = run("broadcast", "schedule", "2", "--repeat", "0 9 * * mon", "--yes")
    assert "first on Monday 30 November 2026, 09:00" in shown
    assert {row["state"] for row in run.json("broadcast", "list", "--json")} == {
        "scheduled",
        "repeating",
    }
    assert "each run is a broadcast" in run("broadcast", "report", "2")


def test_a_test_goes_to_oneself_only(run: Run, people: Engine) -> None:
    run("broadcast", "new", "a", "--text", "Ciao")
    run("broadcast", "test", "1", "--to", "2")
    with people.begin() as connection:
        [row] = connection.execute(select(Outbox.__table__)).all()  # type: ignore[attr-defined]
    assert (row.contact_id, row.origin, row.broadcast_id) == (2, "operator", None)
    assert run.json("broadcast", "status", "1", "--json") == {"state": "draft", "left_out": {}}


def test_the_bar_ends_with_the_broadcast(run: Run, people: Engine) -> None:
    run("broadcast", "new", "a", "--text", "Ciao")
    run("broadcast", "send", "1", "--yes", "--no-wait")
    with people.begin() as connection:
        connection.execute(update(Outbox).values(status="sent", closed_at=NOW))
    assert "1 of 1 are settled" in run("broadcast", "status", "1", "--watch")
    assert watching._looked(people, 1) == ("sending", 1, 1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("new", "a"), "What does it say?"),
        (("new", "a", "--offer", "nothing"), "There is no offer 'nothing'"),
        (("new", "a", "--text", "x", "--language", "xx"), "--language: xx: known are"),
        (("new", "a", "--text", "x", "--need", "jobs"), "--need: jobs: known are job,"),
        (("new", "a", "--text", "x", "--near", "Mona"), "no comune 'Mona': Monale?"),
        (("new", "a", "--text", "x", "--segment", "g"), "There is no segment g"),
        (("new", "a", "--text", "x", "--fallback", "xx"), "--fallback: xx"),
        (("new", "a", "--text", "x", "--reviewed", "xx"), "--reviewed: xx"),
        (("new", "a", "--offer", "job_welder_villanova", "--text", "x"), "words are its own"),
        (("dry-run", "9"), "There is no broadcast 9"),
        (("schedule", "9", "2026-12-24 10:00"), "There is no broadcast 9"),
        (("test", "9", "--to", "1"), "There is no broadcast 9"),
    ],
)
def test_a_mistake_is_one_line(
    run: Run, people: Engine, arguments: tuple[str, ...], says: str
) -> None:
    assert says in run("broadcast", *arguments, code=2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "a day and hour, or --repeat"),
        (("2026-12-24 10:00", "--repeat", "0 9 * * *"), "a day and hour, or --repeat"),
        (("2020-12-24 10:00",), "is over"),
        (("morgen",), "no day and hour"),
        (("--repeat", "0 9 * *"), "--repeat: five fields"),
        (("--repeat", "0 9 31 2 *"), "never comes"),
    ],
)
def test_a_moment_that_is_none(
    run: Run, people: Engine, arguments: tuple[str, ...], says: str
) -> None:
    run("broadcast", "new", "a", "--text", "Ciao")
    assert says in run("broadcast", "schedule", "1", *arguments, code=2)
