"""Broadcasts in the database: the dry run adds up, each gets one, nobody against their will."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, func, select, update
from sqlmodel import col

from flows.outreach.audience import Audience
from flows.outreach.verdict import Reason
from flows.speech import Languages
from storage.claims import Claims, Due
from storage.database import open_database
from storage.models import Address, Broadcast, Contact, Outbox
from storage.outbox import Closing, Outcome
from storage.outreach import aside, broadcasts, expand, recipients, segments, tags, wording
from storage.outreach.plan import Tally, dry_run, everybody, make_plan
from storage.schema import upgrade
from tests.conftest import START
from tests.outreach import BY, RULES, add_address, add_broadcast, add_person, send
from tests.test_storage_database import KINDS, emptied, migrated

DAY = timedelta(days=1)


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("outreach")) as url:
        yield url


@pytest.fixture
def database(url: str) -> Iterator[Engine]:
    with emptied(url) as engine:
        yield engine


def plan_of(connection: Connection, id: int, languages: Languages, **rules: Any) -> Any:
    """What would become of it now."""
    row = broadcasts.get(connection, id)
    assert row
    letters = wording.letters(connection, row, languages)
    return make_plan(connection, row, letters, replace(RULES, **rules), START)


def tally_of(connection: Connection, id: int, languages: Languages, **rules: Any) -> Tally:
    return dry_run(connection, plan_of(connection, id, languages, **rules))


def expand_all(engine: Engine, id: int) -> int:
    """Pages that it took."""
    pages = 0
    while expand.expand_page(engine, id, RULES, START):
        pages += 1
    return pages


def rows_of(connection: Connection, id: int) -> list[Any]:
    query = select(Outbox.__table__).where(col(Outbox.broadcast_id) == id)  # type: ignore[attr-defined]
    return list(connection.execute(query.order_by(col(Outbox.contact_id))))


def claim(connection: Connection, *, awake: bool = True) -> list[int]:
    """Whose rows would be sent now."""
    claims = Claims(connection.dialect, RULES)
    return [
        row.id
        for channel in ("telegram", "whatsapp")
        for row in claims.claim(connection, channel, (100, 100, 100), START, unasked=awake)
    ]


def first_due(connection: Connection, now: datetime = START) -> list[Due]:
    """The one row that goes first on Telegram."""
    return Claims(connection.dialect).claim(connection, "telegram", (1, 1, 1), now)


def close(connection: Connection, *outcomes: Outcome) -> None:
    """Write outcomes down."""
    Closing(connection.dialect).close(connection, outcomes, START)


# ── the dry run ─────────────────────────────────────────────────────────────────────────────────

PERSON = st.tuples(
    st.sampled_from(["it", "fr", "ar", ""]),
    st.sampled_from(["on", "paused", "stopped", "off"]),
    st.sampled_from(["alerts", "profile", ""]),
    st.sampled_from(["telegram", "whatsapp", ""]),
    st.sampled_from(["ok", "blocked"]),
    st.integers(0, 48),
    st.sampled_from(["18_24", "25_34"]),
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(people=st.lists(PERSON, max_size=30), page=st.integers(1, 7), narrowed=st.booleans())
def test_the_sum_adds_up_and_is_what_is_sent(
    url: str,
    languages: Languages,
    people: list[Any],
    page: int,
    narrowed: bool,
) -> None:
    with pytest.MonkeyPatch.context() as patch, emptied(url) as engine:
        patch.setattr(recipients, "PAGE", page)
        with engine.begin() as connection:
            for id, (language, alerts, agreed, channel, state, hours, age) in enumerate(people, 1):
                heard = timedelta(hours=hours)
                given = {"alerts": alerts, "agreed": agreed, "channel": channel, "state": state}
                add_person(connection, id, language, **given, heard=heard, age=age)
            audience = {"ages": ["18_24"]} if narrowed else {}
            id = add_broadcast(connection, audience=audience)
            tally = tally_of(connection, id, languages)
            seen = {p.id: v for p, v in everybody(connection, plan_of(connection, id, languages))}
            assert send(connection, id, languages)
        expand_all(engine, id)
        with engine.begin() as connection:
            rows, row = rows_of(connection, id), broadcasts.get(connection, id)
    meant = [n for n, person in enumerate(people, 1) if not narrowed or person[6] == "18_24"]
    assert sorted(seen) == meant and tally.people == len(meant)
    assert tally.going.total() + tally.left_out.total() == tally.people
    assert [r.contact_id for r in rows] == [n for n, verdict in sorted(seen.items()) if verdict.way]
    assert len(rows) == tally.going.total()
    assert row and sum(row["left_out"].values()) == tally.left_out.total()


def test_a_language_that_is_not_ready_gets_nothing_but_a_declared_fallback(
    database: Engine, languages: Languages
) -> None:
    with database.begin() as connection:
        for id, language in enumerate(("it", "fr", "ar", "en"), 1):
            add_person(connection, id, language)
        id = add_broadcast(connection, {"it": "Corso", "fr": "Cours"})
        wording.save(connection, id, {"ar": "درس"}, frozenset(), BY)
        tally = tally_of(connection, id, languages)
        assert set(tally.going) == {("it", "telegram", False), ("fr", "telegram", False)}
        assert tally.left_out == {("language", "ar"): 1, ("language", "en"): 1}
        wording.save(connection, id, {"it": "Corso nuovo"}, frozenset(), BY)
        assert wording.words(connection, {"id": id, "listing_id": ""}, "fr").state == "stale"
        assert set(tally_of(connection, id, languages).going) == {("it", "telegram", False)}
        broadcasts.change(connection, id, {"fallback": "it"}, BY)
        row = broadcasts.get(connection, id)
        assert row
        letters = wording.letters(connection, row, languages)
        assert tally_of(connection, id, languages).going.total() == 4
    assert "This message is only in this language: Italian." in letters["en"].text
    assert "Corso nuovo" in letters["en"].text and "write STOP" in letters["en"].text
    assert letters["it"].text.startswith("Corso nuovo"), "Italian is no fallback for Italian"
    assert all("STOP" in letter.text for letter in letters.values())


def test_one_person_gets_one_message_however_many_ways_and_segments(
    database: Engine, languages: Languages
) -> None:
    with database.begin() as connection:
        add_person(connection, 1, "fr", age="18_24", heard=DAY)
        add_address(connection, 1, "whatsapp")
        assert tags.tag(connection, 1, "nido", BY) and tags.tag(connection, 1, "nido", BY)
        segments.save(connection, "young", Audience(ages=("18_24",)), BY)
        segments.save(connection, "nido", Audience(tags=("nido",)), BY)
        id = add_broadcast(connection, segments=["young", "nido"])
        assert tally_of(connection, id, languages).going == {("fr", "whatsapp", False): 1}
        assert segments.remove(connection, "young", BY) == f"broadcast {id}"
        assert send(connection, id, languages)
    expand_all(database, id)
    with database.begin() as connection:
        assert [(row.channel, row.language) for row in rows_of(connection, id)] == [
            ("whatsapp", "fr")
        ]


def test_a_segment_that_is_gone_reaches_nobody(database: Engine, languages: Languages) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        id = add_broadcast(connection, segments=["gone"])
        with pytest.raises(KeyError):
            tally_of(connection, id, languages)


def test_at_most_so_many_in_seven_days(database: Engine, languages: Languages) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        first, second = add_broadcast(connection), add_broadcast(connection)
        assert send(connection, first, languages)
    expand_all(database, first)
    with database.begin() as connection:
        left = tally_of(connection, second, languages, weekly=1).left_out
        assert left == {("weekly_cap", "it"): 1}
        again = tally_of(connection, first, languages, weekly=1)
        assert again.going.total() == 1, "its own does not count"
        old = START - timedelta(days=7, seconds=1)
        connection.execute(update(Outbox).values(status="sent", closed_at=old))
        assert tally_of(connection, second, languages, weekly=1).going.total() == 1


# ── the rows ────────────────────────────────────────────────────────────────────────────────────


def test_a_page_that_is_lost_is_made_again_and_none_comes_twice(
    database: Engine, languages: Languages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipients, "PAGE", 2)
    with database.begin() as connection:
        for id in range(1, 6):
            add_person(connection, id)
        id = add_broadcast(connection)
        assert send(connection, id, languages)
    assert expand.expand_page(database, id, RULES, START)
    real = expand._queue

    def dies(*arguments: Any) -> None:
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(expand, "_queue", dies)
    with pytest.raises(KeyboardInterrupt):
        expand.expand_page(database, id, RULES, START)
    monkeypatch.setattr(expand, "_queue", real)
    with database.begin() as connection:
        assert [row.contact_id for row in rows_of(connection, id)] == [1, 2]
        assert expand.to_expand(connection) == [id]
    expand_all(database, id)
    with database.begin() as connection:
        connection.execute(update(Broadcast).values(reached_id=0, expanded_at=None))
    expand_all(database, id)
    with database.begin() as connection:
        assert [row.contact_id for row in rows_of(connection, id)] == [1, 2, 3, 4, 5]
        assert expand.to_expand(connection) == []


def test_without_the_unique_key_they_would_come_twice(tmp_path: Path, languages: Languages) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'unprotected.db'}")
    upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX outbox_broadcast")
        add_person(connection, 1)
        id = add_broadcast(connection)
        assert send(connection, id, languages)
    for _ in range(2):
        expand_all(engine, id)
        with engine.begin() as connection:
            connection.execute(update(Broadcast).values(reached_id=0, expanded_at=None))
    with engine.begin() as connection:
        assert [row.contact_id for row in rows_of(connection, id)] == [1, 1]
    engine.dispose()


def test_two_operators_send_it_once(database: Engine, languages: Languages) -> None:
    with database.begin() as connection:
        for id in range(1, 4):
            add_person(connection, id)
        id = add_broadcast(connection)
    barrier, won = Barrier(4), []

    def work() -> None:
        barrier.wait(10)
        with database.begin() as connection:
            mine = send(connection, id, languages)
        won.append(mine)
        expand_all(database, id)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(won) == [False, False, False, True]
    with database.begin() as connection:
        assert len(rows_of(connection, id)) == 3
        count = select(func.count()).select_from(Outbox)
        assert connection.execute(count).scalar_one() == 3


def test_paused_resumed_cancelled(database: Engine, languages: Languages) -> None:
    with database.begin() as connection:
        for id in range(1, 5):
            add_person(connection, id)
        id = add_broadcast(connection)
        assert send(connection, id, languages)
    expand_all(database, id)
    with database.begin() as connection:
        first = first_due(connection)[0]
        close(connection, Outcome(first.id, "sent", "m1"))
        assert broadcasts.move(connection, id, "paused", BY)
        assert not broadcasts.move(connection, id, "paused", BY)
        assert claim(connection) == []
        assert broadcasts.move(connection, id, "sending", BY)
        second = first_due(connection)[0]
        assert second.id == first.id + 1
        close(connection, Outcome(second.id, "sent", "m2"))
        broadcasts.finish(connection, START)
        assert (broadcasts.get(connection, id) or {})["state"] == "sending"
        assert broadcasts.move(connection, id, "cancelled", BY)
        assert claim(connection) == []
        found = [(row.status, row.problem) for row in rows_of(connection, id)]
    assert found == [("sent", None)] * 2 + [("cancelled", "cancelled")] * 2


def test_a_paused_one_is_put_aside_and_comes_back_in_order(
    database: Engine, languages: Languages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "PAGE", 2)
    with database.begin() as connection:
        for id in range(1, 6):
            add_person(connection, id)
        id = add_broadcast(connection)
        assert send(connection, id, languages)
    expand_all(database, id)
    with database.begin() as connection:
        flying = first_due(connection)[0].id
        assert not aside.put_aside_or_back(connection, START)
        broadcasts.move(connection, id, "paused", BY)
        assert [aside.put_aside_or_back(connection, START) for _ in range(3)] == [True, True, False]
        due = {row.id: row.due_at for row in rows_of(connection, id)}
        assert due.pop(flying) == START
        assert set(due.values()) == {START + DAY}
        broadcasts.move(connection, id, "sending", BY)
        assert claim(connection) == [], "not before they are put back"
        while aside.put_aside_or_back(connection, START):
            pass
        close(connection, Outcome(flying, "sent"))
        assert claim(connection) == sorted(due)


def test_another_broadcast_does_not_wait_for_one_that_is_paused(
    database: Engine, languages: Languages
) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        held, other = add_broadcast(connection), add_broadcast(connection)
        assert send(connection, held, languages) and send(connection, other, languages)
    expand_all(database, held)
    expand_all(database, other)
    with database.begin() as connection:
        assert broadcasts.move(connection, held, "paused", BY)
        assert claim(connection) == [rows_of(connection, other)[0].id]


def test_what_is_in_flight_when_it_is_paused_is_waited_for(
    database: Engine, languages: Languages
) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        held, other = add_broadcast(connection), add_broadcast(connection)
        assert send(connection, held, languages) and send(connection, other, languages)
    expand_all(database, held)
    expand_all(database, other)
    with database.begin() as connection:
        [flying] = claim(connection)
        assert broadcasts.move(connection, held, "paused", BY)
        assert claim(connection) == [], "one at a time to each address"
        close(connection, Outcome(flying, "sent", "m1"))
        assert claim(connection) == [rows_of(connection, other)[0].id]


def test_it_is_done_when_the_last_one_is_settled(database: Engine, languages: Languages) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        id = add_broadcast(connection)
        assert send(connection, id, languages)
        broadcasts.finish(connection, START)
    expand_all(database, id)
    with database.begin() as connection:
        broadcasts.finish(connection, START)
        assert (broadcasts.get(connection, id) or {})["state"] == "sending"
        [row] = first_due(connection)
        close(connection, Outcome(row.id, "sent", "m1"))
        broadcasts.finish(connection, START)
        assert (broadcasts.get(connection, id) or {})["state"] == "done"


# ── judged again ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (update(Contact).values(alerts="stopped"), Reason.STOPPED),
        (update(Contact).values(alerts="paused"), Reason.PAUSED),
        (update(Contact).values(agreed="profile"), Reason.NO_CONSENT),
        (update(Address).values(state="blocked"), Reason.UNREACHABLE),
        (update(Address).values(heard_at=START - DAY), Reason.WINDOW_CLOSED),
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else "",
)
def test_who_changed_their_mind_meanwhile_gets_nothing(
    database: Engine, languages: Languages, change: Any, reason: Reason
) -> None:
    with database.begin() as connection:
        add_person(connection, 1, channel="whatsapp")
        id = add_broadcast(connection)
        assert send(connection, id, languages)
    expand_all(database, id)
    with database.begin() as connection:
        connection.execute(change)
        assert claim(connection) == []
        [row] = rows_of(connection, id)
        assert (row.status, row.problem, row.closed_at) == ("cancelled", reason.value, START)
        assert row.claimed_at is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": "blocked"}, Reason.UNREACHABLE),
        ({"heard_at": START - DAY}, Reason.WINDOW_CLOSED),
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else "",
)
def test_a_row_is_judged_by_its_own_way(
    database: Engine, languages: Languages, change: dict[str, Any], reason: Reason
) -> None:
    """A chat elsewhere does not open WhatsApp's window, nor lift a block there."""
    with database.begin() as connection:
        add_person(connection, 1, channel="whatsapp")
        add_address(connection, 1, "telegram", heard=timedelta(hours=1))
        id = add_broadcast(connection)
        assert send(connection, id, languages)
    expand_all(database, id)
    with database.begin() as connection:
        whatsapp = col(Address.channel) == "whatsapp"
        connection.execute(update(Address).where(whatsapp).values(**change))
        assert claim(connection) == []
        [row] = rows_of(connection, id)
        assert (row.channel, row.problem) == ("whatsapp", reason.value)


def test_what_went_out_meanwhile_counts(database: Engine, languages: Languages) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        ids = [add_broadcast(connection) for _ in range(4)]
        for id in ids:
            assert send(connection, id, languages)
    with database.begin() as connection:
        connection.execute(update(Broadcast).values(created_at=START))
    for id in ids:
        expand_all(database, id)
    with database.begin() as connection:
        assert [len(rows_of(connection, id)) for id in ids] == [1, 1, 1, 0], "three a week"
        extra = rows_of(connection, ids[0])[0]._mapping
        values = {**extra, "id": extra["id"] + 100, "broadcast_id": ids[3]}
        connection.execute(Outbox.__table__.insert().values(values))  # type: ignore[attr-defined]
        for _ in range(3):
            [letter] = claim(connection)
            close(connection, Outcome(letter, "sent", "m"))
        assert claim(connection) == []
        assert rows_of(connection, ids[3])[0].problem == "weekly_cap"


def test_at_night_and_after_its_time_nothing_goes_out(
    database: Engine, languages: Languages
) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        id = add_broadcast(connection, lasts_hours=1)
        assert send(connection, id, languages)
    expand_all(database, id)
    with database.begin() as connection:
        assert claim(connection, awake=False) == []
        late = START + timedelta(hours=1)
        assert first_due(connection, late) == []
        [row] = rows_of(connection, id)
        assert (row.status, row.problem) == ("cancelled", "expired")
