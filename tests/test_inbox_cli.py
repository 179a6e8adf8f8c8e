"""`inbox` by hand: what an operator types and reads."""

from pathlib import Path

import pytest

from bot.runtime import Parts, make_parts
from bot.settings import Settings
from bot.terminal import Dialogue
from flows.messages import Inbound
from tests.conftest import Run


@pytest.fixture
def parts(run: Run, tmp_path: Path) -> Parts:
    """The assistant on the commands' own database."""
    run("init", "--quiet")
    url = f"sqlite:///{tmp_path / 'cli.db'}"
    return make_parts(Settings(_env_file=None, database_url=url))  # type: ignore[call-arg,arg-type]


def test_from_the_question_to_the_end(
    run: Run, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPORTELLO_OPERATOR", "anna")
    ann = Dialogue(parts, "ann")
    for said in ("hello", "english", "person", "4", "I have a letter from my landlord"):
        ann.say(Inbound(said))
    [row] = run.json("inbox", "list", "--json")
    number = str(row["id"])
    assert (row["state"], row["language"]) == ("waiting", "en")
    assert "landlord" in run("inbox", "show", number)
    assert "bruno's" in run("inbox", "assign", number, "bruno")
    run("inbox", "note", number, "Chiamare il proprietario")
    assert "is answered" in run("inbox", "reply", number, "Venga giovedì alle 10.")
    run("inbox", "reply", number, "--canned", "call_us")
    letters, _ = ann.say(Inbound("thank you"))
    assert "in Italian" in letters[0].text and "Venga giovedì" in letters[0].text
    assert "Please call us" in letters[1].text
    shown = run("inbox", "show", number)
    for words in ("bruno's", "note of anna", "thank you", "sent"):
        assert words in shown
    assert f"Number {number} is closed." in run("inbox", "close", number)
    assert "no open notice or ticket" in run("inbox", "close", number, code=2)
    assert run.json("inbox", "list", "--json") == []
    assert run.json("inbox", "list", "--all", "--json")[0]["state"] == "closed"


def test_mistakes_send_nothing(run: Run, parts: Parts) -> None:
    assert "one of the two" in run("inbox", "reply", "1", code=2)
    assert "one of the two" in run("inbox", "reply", "1", "Ciao", "--canned", "come", code=2)
    run("inbox", "show", "99", code=1)
    run("inbox", "reply", "99", "Ciao", code=1)


def test_ready_answers_are_shown_in_the_desks_language(run: Run) -> None:
    ready = run.json("inbox", "canned", "--json")
    assert "Chiamaci" in ready["call_us"] and "Chiamaci" in run("inbox", "canned")
