"""Nobody sees, moves, confirms or cancels another person's appointment, whatever they send."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import col

from bot.runtime import Parts
from bot.terminal import Dialogue, shown, typed
from storage.models import Appointment, Waiting

BOOKS = ("hi", "[en]", "[no]", "[25_34]", "[no]", "/start appointment-cv", "[en]", "[castellero]")
STARTS = (
    "appointments-1",
    "appointments-confirm_1",
    "appointments-move_1",
    "appointments-cancel_1",
    "appointment-move_1",
    "earlier-1",
    "earlier-yes_1",
    "earlier-no_1",
)


def _says(dialogue: Dialogue, *lines: str) -> str:
    said = [shown(*dialogue.say(typed(line, dialogue))) for line in lines]
    return "\n".join(line for answer in said for line in answer)


def _rows(engine: Engine, model: Any) -> Sequence[Any]:
    with engine.begin() as connection:
        return connection.execute(select(model.__table__).order_by(col(model.id))).all()


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("has_one", [True, False])
def test_a_guessed_number_leads_nowhere(
    parts: Parts, engine: Engine, start: str, has_one: bool
) -> None:
    _says(Dialogue(parts, "hers", hint="en"), *BOOKS, "[2026-11-26]", "10:00")
    stranger = Dialogue(parts, "stranger", hint="en")
    _says(stranger, *BOOKS, *(["[2026-11-27]", "11:00"] if has_one else ["menu"]))
    before, waits = _rows(engine, Appointment), _rows(engine, Waiting)
    assert len(before) == 1 + has_one
    said = _says(stranger, f"/start {start}") + _says(stranger, f"[go:{start}]", "1", "[yes]")
    assert "at 10:00" not in said and "26 November, 10:00" not in said
    assert _rows(engine, Appointment)[0] == before[0]
    assert _rows(engine, Waiting) == waits
