"""Consents: which words, which version, and what an operator reads of it."""

from datetime import timedelta

import pytest

from bot.consents import NOTICES, _talk, fingerprints, in_words
from flows.privacy import NOTICE_VERSION
from flows.speech import Languages
from tests.conftest import ROOT, START, Run
from tests.test_cli import people  # noqa: F401

PAGE = ROOT / "docs" / "privacy" / "consents.md"


def section(languages: Languages) -> str:
    """What the page has to say of today's words."""
    lines, found = [f"## Version {NOTICE_VERSION}"], fingerprints(languages)
    for purpose, words in NOTICES.items():
        said = words(_talk(languages, "en")).replace("\n", " ")
        marks = ", ".join(f"{code} `{found[purpose, code][:12]}`" for code in sorted(languages))
        lines.append(f"**{purpose}**: {said}\n\n{marks}")
    return "\n\n".join(lines)


def test_the_page_keeps_the_words_of_today(languages: Languages) -> None:
    wanted = section(languages)
    assert wanted in PAGE.read_text(encoding="utf-8"), f"choose a new version, and add:\n{wanted}"


def test_what_an_operator_reads(languages: Languages) -> None:
    today = fingerprints(languages)
    row = {
        "purpose": "profile",
        "given": True,
        "version": NOTICE_VERSION,
        "text_hash": today["profile", "fr"],
        "language": "fr",
        "channel": "telegram",
        "at": START + timedelta(minutes=5),
    }
    seen = in_words(row, today)
    assert seen.startswith("yes, 2026-11-23 09:05 UTC, in fr on telegram; words of ")
    assert seen.endswith("today's")
    older = in_words(row | {"given": False, "version": "2025-01", "text_hash": "x"}, today)
    assert older.startswith("no, ")
    assert older.endswith(f"words of 2025-01, older than today's ({NOTICE_VERSION})")


@pytest.mark.usefixtures("people")
def test_by_the_command_line(run: Run) -> None:
    id = str(next(row["id"] for row in run.json("contacts", "list", "--json") if row["agreed"]))
    shown = run("contacts", "show", id)
    assert "consent: profile" in shown and "today's" in shown
    assert "is none of" in run("contacts", "correct", id, "age=99", code=2)
    assert "is none of" in run("contacts", "correct", id, "age=under_14", code=2)
    assert "write one of" in run("contacts", "correct", id, "shoe=42", code=2)
    assert "no comune" in run("contacts", "correct", id, "comune=Atlantis", code=2)
    said = ("comune=Settime", "needs=job, housing", "name=")
    assert f"Person {id}: comune, name, needs corrected." in run("contacts", "correct", id, *said)
    assert "nothing corrected" in run("contacts", "correct", id, "comune=Settime")
    profile = run.json("contacts", "show", id, "--json")["conversation"]["state"]["profile"]
    assert profile["needs"] == ["job", "housing"] and "name" not in profile
    assert profile["comune"].isdecimal() and profile["age"] == "18_24"
    [entry] = [e for e in run.json("audit", "--json") if e["action"] == "correct"][1:]
    assert entry["after"] == {"answers": ["comune", "name", "needs"]}
    other = str(next(r["id"] for r in run.json("contacts", "list", "--json") if not r["agreed"]))
    assert "has not agreed" in run("contacts", "correct", other, "name=Ana", code=2)


@pytest.mark.usefixtures("people")
def test_what_erasing_leaves_is_shown(run: Run) -> None:
    id = str(next(row["id"] for row in run.json("contacts", "list", "--json") if row["agreed"]))
    events = len(run.json("contacts", "export", id)["events"])
    shown = run("contacts", "erase", id, "--yes")
    assert f"- {events} × facts that are counted" in shown and events > 0
    assert "- 6 × numbers of deliveries" in shown
    assert f"- the number {id} in the list" in shown
