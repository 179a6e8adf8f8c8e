"""What was not understood: kept only with consent, scrubbed; labelled, learned, undone."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text

from bot.runtime import Parts
from bot.terminal import Dialogue
from flows.messages import Inbound
from flows.understanding.scrub import scrub
from flows.understanding.understand import Understanding
from storage import understanding
from storage.audit import By
from storage.gazetteer import load_gazetteer
from storage.models import Unanswered
from storage.notices import notices
from storage.unanswered import label, labelled, unanswered
from storage.understanding import accept_model, load, make_model, restore_model
from tests.conftest import START, Clock
from tests.retention import swept

BY = By("anna", START)
ODD = "blorf zint kwarg? +39 333 1234567 mi chiamo Zoltanka Peculiar"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("cerco casa, chiamami al 333 1234567", "cerco casa, chiamami al … "),
        ("mi chiamo amina bekele e cerco lavoro", "mi chiamo … e cerco lavoro"),
        ("scrivi a ana.b@example.org grazie", "scrivi a … grazie"),
        ("c'è lavoro a Montafia per Giulia?", "c'è lavoro a Montafia per …?"),
        ("abito in via Roma 12", "abito in via …"),
        ("2 camere a 400 euro", "2 camere a … euro"),
        ("اسمي محمد علي ابحث عن عمل", "اسمي … ابحث عن عمل"),
        ("bilocale 2 camere", "bilocale 2 camere"),
    ],
)
def test_what_tells_who_asked_is_left_out(said: str, kept: str) -> None:
    assert " ".join(scrub(said, load_gazetteer().named).split()) == " ".join(kept.split())


def rows(parts: Parts) -> list[dict[str, Any]]:
    with parts.engine.begin() as connection:
        return unanswered(connection)


def somebody(parts: Parts) -> Dialogue:
    chat = Dialogue(parts, "somebody")
    for said in ("ciao", "italiano", "no", "4", "no"):
        chat.say(Inbound(said))
    return chat


def test_a_question_is_kept_only_of_who_agreed(parts: Parts, clock: Clock) -> None:
    chat = somebody(parts)
    [reply], _ = chat.say(Inbound(ODD))
    assert rows(parts) == []
    assert any(button.tap == "go:teach" for button in reply.buttons)
    chat.say(Inbound(tap="go:teach"))
    chat.say(Inbound("sì"))
    chat.say(Inbound(tap="go:menu"))
    chat.say(Inbound(ODD))
    [row] = rows(parts)
    assert "333" not in row["text"] and "Zoltanka" not in row["text"] and "blorf" in row["text"]
    with parts.engine.begin() as connection:
        assert swept(connection, clock() + timedelta(days=29), "unanswered_questions") == 0
        assert swept(connection, clock() + timedelta(days=31), "unanswered_questions") == 1


@pytest.mark.parametrize("ending", [("go:teach", "no"), ("go:erase", "sì")])
def test_taking_it_back_deletes_them(parts: Parts, ending: tuple[str, str]) -> None:
    chat = somebody(parts)
    for said in (Inbound(tap="go:teach"), Inbound("sì"), Inbound(tap="go:menu"), Inbound(ODD)):
        chat.say(said)
    assert len(rows(parts)) == 1
    chat.say(Inbound(tap=ending[0]))
    chat.say(Inbound(ending[1]))
    assert rows(parts) == []


def test_alike_ones_are_together_and_labelled(parts: Parts) -> None:
    with parts.engine.begin() as connection:
        connection.execute(text("INSERT INTO contact VALUES (1, 'off', 'questions', 0)"))
        for number, said in enumerate(("blorf casa", "zint lavoro", "casa blorf")):
            at = START + timedelta(seconds=number)
            row = Unanswered(contact_id=1, at=at, language="it", intent="job", comune="", text=said)
            connection.execute(insert(Unanswered).values(row.model_dump(exclude={"id"})))
        found = unanswered(connection)
        assert [(row["cluster"], row["text"]) for row in found] == [
            (1, "blorf casa"), (1, "casa blorf"), (2, "zint lavoro"),
        ]  # fmt: skip
        ids = [row["id"] for row in found if row["cluster"] == 1]
        assert label(connection, ids, "housing", BY) == 2
        assert labelled(connection) == [
            ("it", "housing", "blorf casa"), ("it", "housing", "casa blorf"),
        ]  # fmt: skip


def meaning(model: Path) -> str:
    """What a taught question means; empty when it is not understood."""
    said = Understanding(load(model), load_gazetteer()).understand("corso di blorf", "it")
    return "" if said.abstained else said.intent


FILE = """
examples:
  job: [cerco lavoro, un lavoro subito, lavoro in fabbrica, voglio lavorare]
  housing: [cerco casa, una stanza in affitto, appartamento per due, camera libera]
terms: {}
"""


def test_what_was_taught_is_learned_and_can_be_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "questions.yaml").write_text(FILE)
    model, before = tmp_path / "questions.npz", tmp_path / "questions.before.npz"
    monkeypatch.setattr(understanding, "MODEL", model)
    monkeypatch.setattr(understanding, "BEFORE", before)
    make_model(tmp_path, model)
    old = model.read_bytes()
    assert not restore_model()
    new = tmp_path / "new.npz"
    make_model(tmp_path, new, [("it", "training", "corso di blorf")] * 4)
    assert (meaning(new), meaning(model)) == ("training", "")
    accept_model(new)
    assert meaning(model) == "training"
    assert restore_model() and model.read_bytes() == old


def test_an_emergency_reaches_the_operators_inbox_once(parts: Parts) -> None:
    chat = somebody(parts)
    for _ in range(2):
        [reply], _events = chat.say(Inbound("aiuto mio marito mi picchia"))
        assert "112" in reply.text
        chat.say(Inbound(tap="go:menu"))
    with parts.engine.begin() as connection:
        [notice] = notices(connection)
    assert notice["kind"] == "emergency" and "picchia" not in notice["text"]
