"""Whole conversations, word for word: `tests/transcripts/*.txt`.

`>` the person, `<` the assistant, `[key]` options, `=` events, `!` the world. `pytest --update`
writes the answers anew; the diff is what one reviews.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from bot import ride_letters
from bot.answering import Answering
from bot.correspondence import Correspondence
from bot.follow_ups import FollowUps
from bot.runtime import Parts
from bot.terminal import Dialogue, shown, typed
from flows.agenda.slots import Slot, Wish
from storage.agenda.booking import Booking, book
from storage.agenda.rules import add_exception
from storage.audit import By
from storage.outreach import broadcasts, expand, wording
from tests.conftest import Clock
from tests.memory_agenda import ROME
from tests.riding import answer_ride, take_every_car

FOLDER = Path(__file__).with_name("transcripts")
FILES = sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_transcript(path: Path, parts: Parts, clock: Clock, pytestconfig: pytest.Config) -> None:
    expected = path.read_text(encoding="utf-8")
    found = replay(expected, parts, clock)
    if pytestconfig.getoption("--update"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def test_there_are_transcripts_in_every_language() -> None:
    assert {path.stem.split("_")[0] for path in FILES} >= {"it", "en", "fr", "ar"}


def replay(transcript: str, parts: Parts, clock: Clock) -> str:
    """The transcript as it goes today; only `#`, `!` and `>` lines are read."""
    dialogue = Dialogue(parts, "replay", hint="")
    lines: list[str] = []
    for line in transcript.splitlines():
        if line.startswith("#"):
            lines += [line]
        elif line.startswith("!"):
            lines += ["", line] if lines else [line]
            dialogue = _world(line[1:].split(), dialogue, parts, clock)
        elif line.startswith(">"):
            said = line[1:].strip()
            lines += ["", line, *shown(*dialogue.say(typed(said, dialogue)))]
    return "\n".join(lines) + "\n"


def _world(words: list[str], dialogue: Dialogue, parts: Parts, clock: Clock) -> Dialogue:
    match words:
        case ["hint", code]:
            return Dialogue(parts, "replay", hint=code)
        case ["wait", amount, unit]:
            clock.pass_time(**{unit: float(amount)})
        case ["clock", moment]:
            clock.moment = datetime.fromisoformat(moment).astimezone(UTC)
        case ["listing", id, status]:
            with parts.engine.begin() as connection:
                values = {"id": id, "status": status}
                update = text("UPDATE listing SET status = :status WHERE id = :id")
                assert connection.execute(update, values).rowcount == 1, id
        case ["taken", *moment]:
            with parts.engine.begin() as connection:
                at = datetime.fromisoformat(" ".join(moment)).replace(tzinfo=ROME)
                slot = Slot("castellero", at.astimezone(UTC), 30)
                wish, now = Wish("cv", "", "castellero"), parts.now()
                while isinstance(book(connection, Booking(None, wish, slot), now, ROME), int):
                    pass  # every room
        case ["operator", *words]:
            _operator(words, parts)
        case ["tick"]:
            with parts.engine.begin() as connection:
                writes = Correspondence(parts.languages, ROME)
                writes.offer_freed(connection, parts.now())
                writes.remind(connection, parts.now())
                ride_letters.write_due(connection, parts.now(), writes)
        case ["follow_up"]:
            with parts.engine.begin() as connection:
                FollowUps(parts.languages, parts.settings.rules).run(connection, parts.now())
        case ["ride", answer, number, *moment]:
            with parts.engine.begin() as connection:
                answer_ride(connection, parts, answer, int(number), " ".join(moment))
        case ["driving", *moment]:
            with parts.engine.begin() as connection:
                leaves = datetime.fromisoformat(" ".join(moment)).replace(tzinfo=ROME)
                take_every_car(connection, parts, leaves)
        case ["broadcast", offer]:
            send_broadcast(parts, offer)
        case ["closed", day]:
            with parts.engine.begin() as connection:
                row = {"place": "", "day": date.fromisoformat(day), "hours": "", "closes": True}
                add_exception(connection, {**row, "reason": ""}, By("anna", parts.now()))
        case _:
            raise ValueError(f"the world does not know: {' '.join(words)}")
    return dialogue


def _operator(words: list[str], parts: Parts) -> None:
    """``! operator reply …``, ``! operator canned come``, ``! operator close``: the last ticket."""
    answering, by = Answering(parts.languages), By("anna", parts.now())
    with parts.engine.begin() as connection:
        number = connection.execute(text("SELECT max(id) FROM ticket")).scalar_one()
        match words:
            case ["reply", *said]:
                answering.reply(connection, number, " ".join(said), "", by)
            case ["canned", key]:
                answering.reply(connection, number, "", key, by)
            case ["close"]:
                assert answering.close(connection, number, by)
            case _:
                raise ValueError(f"an operator does not know: {' '.join(words)}")


def send_broadcast(parts: Parts, offer: str) -> None:
    """The desk tells everybody who agreed of an offer; the next turn shows it."""
    by, rules = By("anna", parts.now()), parts.settings.rules
    with parts.engine.begin() as connection:
        id = broadcasts.create(connection, {"name": "news", "listing_id": offer}, by)
        row = broadcasts.get(connection, id)
        assert row
        letters = wording.letters(connection, row, parts.languages)
        assert broadcasts.send(connection, id, letters, by, by.now)
    while expand.expand_page(parts.engine, id, rules, by.now):
        pass
