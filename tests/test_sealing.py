"""Sealing: no word of a person is readable in the database, and a wrong key opens nothing."""

import base64
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, String, inspect, select, text
from sqlalchemy.types import JSON, TypeDecorator
from sqlmodel import SQLModel, col
from typer.testing import CliRunner

import admin_cli
from bot.answering import Answering
from bot.runtime import Parts
from bot.settings import Settings
from bot.terminal import Dialogue, typed
from flows.engine import Engine as FlowEngine
from flows.speech import Languages
from storage import simulator
from storage.columns import SealedType
from storage.contacts import export_contact
from storage.database import is_sqlite, open_database
from storage.key_file import KEY_BYTES, Keys, SealingError
from storage.models import Conversation, Notice, Outbox, TicketMessage
from storage.schema import upgrade
from storage.sealing import Sealing, new_key
from tests.conftest import ROOT, START, Clock, Run, import_demo
from tests.outreach import BY
from tests.test_erasure import CHAT, INTAKE, LANGUAGES, NAME, TOWN
from tests.unsealed import unseal

ASKED = "Is my landlord Quibblington right?"
ANSWERED = "Venga giovedì da Zanzottera."
WORDS = (NAME, CHAT, TOWN, LANGUAGES, "Quibblington", "Zanzottera")

# Why a column of words needs no seal. Whoever adds one decides here, or seals it.
KEYS = "a key, number or code of ours or of a provider; never typed by a person"
DESK = "what the desk tells everybody: an offer, a place, a rule, a broadcast"
STAFF = "who of the desk did it: the record must be readable by whoever answers for it"
MARK = "a mark of at most 30 letters that operators give people; never a judgement on them"
NOT_PERSONAL = {
    KEYS: """
        address.channel address.state alerted.listing_id appointment.colleague appointment.language
        appointment.mediator appointment.place appointment.status appointment.topic
        broadcast_count.channel broadcast_count.language broadcast_count.problem
        broadcast_count.status consent.channel consent.language consent.purpose consent.text_hash
        consent.version contact.agreed contact.alerts conversation.language day_crowd.flow
        day_crowd.key day_crowd.kind day_crowd.step event.channel event.flow
        event.key event.kind event.language event.step hold.resource inbox.channel
        inbox.external_id interest.listing_id job_run.job key_in_use.key_id key_in_use.proof
        notice.kind notice.subject outbox.about outbox.channel outbox.edits outbox.external_id
        outbox.language outbox.origin outbox.problem outbox.status outcome.ended
        outcome.listing_id outcome.rung outcome.topic pause.channel pause.code
        permit.channel publication.definitions publication.tables reminder.kind ride.destination
        ride.destination_point ride.origin ride.origin_point ride.purpose ride.status
        ride_wish.band ride_wish.destination ride_wish.origin ride_wish.reason roll_up.zone
        run_seat.seat
        search.every search.facts search.topic simulator_message.sender template.approval
        template.category template.language template.name template.reason template.sid
        ticket.reason ticket_message.author ticket_message.canned ticket_message.problem
        unanswered.comune unanswered.intent unanswered.label unanswered.language waiting.language
        waiting.place waiting.refused waiting.topic
    """,
    DESK: """
        broadcast.audience broadcast.fallback broadcast.left_out broadcast.letters
        broadcast.listing_id broadcast.name broadcast.repeats broadcast.segments broadcast.state
        broadcast_text.language broadcast_text.made_from broadcast_text.text desk_exception.hours
        desk_exception.place desk_exception.reason desk_place.address desk_place.comune
        desk_place.hours desk_place.id desk_place.name desk_place.offer desk_place.patron
        desk_place.phone desk_place.weeks desk_rules.topics listing.address listing.comune
        listing.details listing.email listing.id listing.organisation listing.phone listing.source
        listing.status listing.topic listing_text.bring listing_text.language
        listing_text.listing_id listing_text.made_from listing_text.summary listing_text.title
        listing_text.who ride_rules.closed ride_rules.hours ride_rules.name ride_rules.phone
        ride_rules.points segment.audience segment.name
    """,
    STAFF: """
        audit.action audit.after audit.before audit.chain audit.operator audit.subject
        broadcast.created_by
        broadcast_text.reviewed_by desk_staff.hours desk_staff.id desk_staff.languages
        desk_staff.name desk_staff.places listing.checked_by listing_text.reviewed_by
        notice.closed_by operator_role.name operator_role.role publication.operator
        ticket.assigned_to ticket_message.operator
    """,
    MARK: "tag.tag",
}


def test_every_column_of_words_is_sealed_or_said_to_need_no_seal() -> None:
    said = [name for names in NOT_PERSONAL.values() for name in names.split()]
    columns = {
        f"{table.name}.{column.name}": column.type
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if _holds_words(column.type)
    }
    open_ones = {name for name, kind in columns.items() if not isinstance(kind, SealedType)}
    assert len(said) == len(set(said))
    assert open_ones == set(said)


def _holds_words(kind: object) -> bool:
    inner = kind.impl if isinstance(kind, TypeDecorator) else kind
    return isinstance(inner, String | JSON)


@pytest.fixture(params=["sealed", "unsealed"])
def seal(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "sealed")


@pytest.fixture
def parts(
    database: str, settings: Settings, languages: Languages, flows: FlowEngine, tmp_path: Path
) -> Iterator[Parts]:
    """The assistant on an empty database of each kind, with the demo content."""
    engine = open_database(database, Keys(tmp_path / "key"))
    upgrade(engine)
    with engine.begin() as connection:
        import_demo(connection)
    yield Parts(settings, engine, languages, flows, Clock())
    engine.dispose()


def test_no_word_of_a_person_is_readable_in_the_database(parts: Parts, seal: bool) -> None:
    if not seal:
        unseal(parts.engine)
    dialogue = Dialogue(parts, CHAT)
    for line in (*INTAKE, "person", ASKED):
        dialogue.say(typed(line, dialogue))
    with parts.engine.begin() as connection:
        simulator.remember(connection, CHAT, "person", TOWN, {"tap": LANGUAGES}, START)
        [number] = connection.execute(select(col(TicketMessage.ticket_id)).distinct()).scalars()
        Answering(parts.languages).reply(connection, number, ANSWERED, "", BY)
    found = {word for word in WORDS if word in _raw(parts.engine)}
    assert found == (set() if seal else set(WORDS))


def _raw(engine: Engine) -> str:
    """Every byte of SQLite's files; every row of PostgreSQL as text."""
    if is_sqlite(engine):
        file = Path(str(engine.url.database))
        files = [file, *file.parent.glob(f"{file.name}-*")]
        return "".join(part.read_bytes().decode("utf-8", "replace") for part in files)
    with engine.begin() as connection:
        names = inspect(connection).get_table_names()
        rows = [connection.execute(text(f'SELECT t::text FROM "{n}" t')).scalars() for n in names]
        return "".join(row for some in rows for row in some)


def test_what_was_written_before_is_sealed_by_the_upgrade(database: str, tmp_path: Path) -> None:
    engine = open_database(database, Keys(tmp_path / "key"))
    upgrade(engine, "0016")
    with engine.begin() as connection:
        for statement in _BEFORE:
            connection.execute(text(statement))
    assert CHAT in _raw(engine) and NAME in _raw(engine)
    upgrade(engine)
    assert CHAT not in _raw(engine) and NAME not in _raw(engine)
    with engine.begin() as connection:
        kept = export_contact(connection, 1)
        told = connection.execute(select(col(Notice.text)).order_by(col(Notice.id))).scalars().all()
    assert kept and kept["conversation"]["state"] == {"name": NAME}
    assert [row["address"] for row in kept["addresses"]] == [CHAT]
    assert told == [NAME] * 1200
    engine.dispose()


_BEFORE = (
    "INSERT INTO contact (id, alerts, agreed, created_at) VALUES (1, 'off', '', 0)",
    "INSERT INTO address (contact_id, channel, address, state, heard_at)"
    f" VALUES (1, 'telegram', '{CHAT}', 'ok', 0)",
    "INSERT INTO conversation (contact_id, language, state, updated_at)"
    f""" VALUES (1, 'it', '{{"name" \\: "{NAME}"}}', 0)""",
    "INSERT INTO permit (channel, number, free_at, address) VALUES ('telegram', 1, 0, '')",
    "INSERT INTO notice (at, kind, subject, text, closed_by)"
    " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)"
    f" SELECT 0, 'note', '', '{NAME}', '' FROM n",
)


@pytest.fixture
def sealing(tmp_path: Path) -> Sealing:
    made = Sealing(Keys(tmp_path / "key"))
    made.begin()
    return made


def test_words_look_different_each_time_and_addresses_do_not(sealing: Sealing) -> None:
    first, second = (sealing.seal("ciao", "outbox.body") for _ in range(2))
    assert first != second
    assert [sealing.open(one, "outbox.body") for one in (first, second)] == ["ciao", "ciao"]
    assert sealing.seal_same("123", "address") == sealing.seal_same("123", "address")
    assert sealing.seal_same("123", "address") != sealing.seal_same("124", "address")
    assert sealing.open_same(sealing.seal_same("123", "address"), "address") == "123"


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(lambda s: s.seal("ciao", "inbox.body"), id="of another column"),
        pytest.param(lambda s: s.seal_same("ciao", "outbox.body"), id="sealed otherwise"),
        pytest.param(lambda s: s.seal("ciao", "outbox.body")[:-4], id="cut short"),
        pytest.param(lambda s: s.seal("ciao", "outbox.body")[:13], id="cut very short"),
        pytest.param(lambda s: "ciao", id="not sealed"),
        pytest.param(lambda s: "s1:00000000:AAAA", id="of an unknown key"),
        pytest.param(lambda s: s.seal("ciao", "outbox.body") + "é", id="with more"),
    ],
)
def test_what_was_changed_is_not_opened(sealing: Sealing, spoilt: object) -> None:
    with pytest.raises(SealingError) as caught:
        sealing.open(spoilt(sealing), "outbox.body")  # type: ignore[operator]
    assert "ciao" not in str(caught.value) and "\n" not in str(caught.value)


def test_no_query_looks_into_sealed_words(database: str, tmp_path: Path) -> None:
    for column in (Outbox.body, Conversation.state, TicketMessage.text):
        with pytest.raises(TypeError, match="is sealed"):
            select(col(Outbox.id)).where(col(column) == "ciao")


def test_one_of_two_programs_makes_the_key(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "deep" / "sealing.key")
    keys.make()
    before = keys.read()
    keys.write([new_key()], anew=True)
    assert keys.read() == before and len(before[0]) == KEY_BYTES
    assert keys.file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in keys.file.parent.iterdir()] == ["sealing.key"]


def test_a_key_is_in_no_words_of_ours(tmp_path: Path) -> None:
    file = Keys(tmp_path / "key")
    file.make()
    word = file.file.read_text().splitlines()[-1]
    settings = Settings(_env_file=None, sealing_keys=word)  # type: ignore[call-arg,arg-type]
    broken = Keys(tmp_path / "key", f"{word}xyz")
    with pytest.raises(SealingError) as caught:
        broken.read()
    engine = open_database("sqlite://", settings.keys)
    shown = f"{settings!r}{settings.keys!r}{broken!r}{caught.value}{engine!r}{vars(Sealing(file))}"
    assert word[:8] not in shown


WRONG: dict[str, Callable[[], bytes | None]] = {
    "another": lambda: base64.urlsafe_b64encode(new_key()),
    "none": lambda: b"# nothing\n",
    "broken": lambda: b"abc\n",
    "missing": lambda: None,
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_or_missing_key_stops_every_command(run: Run, tmp_path: Path, wrong: str) -> None:
    run("init", "--quiet")
    key = tmp_path / "sealing.key"
    mine, other = key.read_bytes(), WRONG[wrong]()
    key.write_bytes(other) if other else key.unlink()
    for command in (("init",), ("contacts", "list"), ("db", "upgrade")):
        error = CliRunner().invoke(admin_cli.app, command).exception
        assert isinstance(error, SealingError)
        assert "put" in str(error) and "backup" in str(error) and "\n" not in str(error)
    assert "problem" in run("doctor", code=1)
    assert (key.read_bytes() if key.exists() else None) == other
    key.write_bytes(mine)
    assert run.json("contacts", "list", "--json") == []


def test_the_program_says_it_in_one_line(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    engine = open_database(url)
    upgrade(engine)
    engine.dispose()
    (tmp_path / "sealing.key").unlink()
    for command in (("-m", "bot", "--role", "web"), ("admin_cli.py", "contacts", "list")):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 2
        assert "the key is missing" in done.stderr and done.stderr.count("\n") == 1
