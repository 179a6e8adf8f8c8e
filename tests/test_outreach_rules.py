"""Whether and when people may be written to unasked: tables, across the changes of the clock."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.outreach.audience import Audience, Recipient, Way, admitted
from flows.outreach.quiet import Quiet, parse_days
from flows.outreach.repeating import Repeating
from flows.outreach.verdict import Means, Reason, Rules, judge
from flows.talk import Answers
from storage.gazetteer import load_gazetteer
from tests.conftest import START

ROME = ZoneInfo("Europe/Rome")


def rome(text: str, fold: int = 0) -> datetime:
    """A moment on the clock of the desk."""
    return datetime.fromisoformat(text).replace(tzinfo=ROME, fold=fold)


# ── quiet hours ─────────────────────────────────────────────────────────────────────────────────

NIGHT = Quiet()
HOLY = Quiet(days=parse_days("12-25, 2027-03-28"))
NOON = Quiet(time(13), time(15))
ODD = Quiet(time(22), time(2, 30))
NEVER = Quiet(time(8), time(8))


@pytest.mark.parametrize(
    ("quiet", "at", "over"),
    [
        (NIGHT, rome("2026-11-23 07:59"), "2026-11-23T08:00+01:00"),
        (NIGHT, rome("2026-11-23 08:00"), "2026-11-23T08:00+01:00"),
        (NIGHT, rome("2026-11-23 20:59"), "2026-11-23T20:59+01:00"),
        (NIGHT, rome("2026-11-23 21:00"), "2026-11-24T08:00+01:00"),
        # the night in which the clock goes forward is an hour shorter, back: an hour longer
        (NIGHT, rome("2027-03-27 22:00"), "2027-03-28T08:00+02:00"),
        (NIGHT, rome("2027-03-28 01:59"), "2027-03-28T08:00+02:00"),
        (NIGHT, rome("2027-03-28 03:00"), "2027-03-28T08:00+02:00"),
        (NIGHT, rome("2027-10-30 22:00"), "2027-10-31T08:00+01:00"),
        (NIGHT, rome("2027-10-31 02:30"), "2027-10-31T08:00+01:00"),
        (NIGHT, rome("2027-10-31 02:30", fold=1), "2027-10-31T08:00+01:00"),
        # whole days, also over midnight into the next morning
        (HOLY, rome("2026-12-24 21:30"), "2026-12-26T08:00+01:00"),
        (HOLY, rome("2026-12-25 12:00"), "2026-12-26T08:00+01:00"),
        (HOLY, rome("2027-03-28 12:00"), "2027-03-29T08:00+02:00"),
        (HOLY, rome("2028-03-28 12:00"), "2028-03-28T12:00+02:00"),
        (NOON, rome("2026-11-23 14:00"), "2026-11-23T15:00+01:00"),
        (NOON, rome("2026-11-23 23:00"), "2026-11-23T23:00+01:00"),
        (ODD, rome("2027-10-31 02:10"), "2027-10-31T02:30+02:00"),
        (ODD, rome("2027-10-31 02:10", fold=1), "2027-10-31T02:30+01:00"),
        (NEVER, rome("2026-11-23 03:00"), "2026-11-23T03:00+01:00"),
    ],
)
def test_when_the_quiet_is_over(quiet: Quiet, at: datetime, over: str) -> None:
    # in UTC: Python says that no moment of an hour that comes twice equals one of another zone
    assert quiet.over(at).astimezone(UTC) == datetime.fromisoformat(over)
    assert quiet.at(at) == (quiet.over(at).astimezone(UTC) != at.astimezone(UTC))
    assert Rules(ROME, quiet).from_(at.astimezone(UTC)) == datetime.fromisoformat(over)


@given(
    st.datetimes(datetime(2027, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    st.sampled_from([NIGHT, HOLY, NOON, ODD, NEVER]),
)
def test_the_quiet_ends_later_and_it_is_not_quiet_then(moment: datetime, quiet: Quiet) -> None:
    local = moment.astimezone(ROME)
    over = quiet.over(local)
    assert over.astimezone(UTC) >= moment
    # as a person's clock shows it: 02:30 in the hour that is skipped is 03:30
    assert not quiet.at(over.astimezone(UTC).astimezone(ROME))


@pytest.mark.parametrize("text", ["25-12", "12-32", "2027-02-29", "x"])
def test_a_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_days(text)


# ── the verdict ─────────────────────────────────────────────────────────────────────────────────

RULES = Rules(ROME)
BOTH = Means(frozenset({"it", "fr"}))
TELEGRAM = Way("telegram", "1", open=True, heard_at=START - timedelta(days=90))
FRESH = Way("whatsapp", "+39", open=True, heard_at=START - timedelta(hours=23))
OLD = Way("whatsapp", "+39", open=True, heard_at=START - timedelta(hours=24))
ENDING = replace(OLD, heard_at=START - timedelta(hours=23, minutes=58))
LEILA = Recipient(1, "fr", "on", agreed=True, ways=(FRESH, TELEGRAM))


@pytest.mark.parametrize(
    ("changes", "means", "reason"),
    [
        ({}, BOTH, None),
        ({"alerts": "stopped", "agreed": False}, BOTH, Reason.STOPPED),
        ({"alerts": "paused"}, BOTH, Reason.PAUSED),
        ({"alerts": "off"}, BOTH, Reason.NO_CONSENT),
        ({"agreed": False}, BOTH, Reason.NO_CONSENT),
        ({"ways": ()}, BOTH, Reason.UNREACHABLE),
        ({"ways": (replace(TELEGRAM, open=False),)}, BOTH, Reason.UNREACHABLE),
        ({"language": "ar"}, BOTH, Reason.LANGUAGE),
        ({"language": ""}, BOTH, Reason.LANGUAGE),
        ({"lately": 3}, BOTH, Reason.WEEKLY_CAP),
        ({"lately": 2}, BOTH, None),
        ({"ways": (OLD,)}, BOTH, Reason.WINDOW_CLOSED),
        # it would be closed before the text is there
        ({"ways": (ENDING,)}, BOTH, Reason.WINDOW_CLOSED),
        ({"ways": (OLD,)}, replace(BOTH, templates=frozenset({"it"})), Reason.NO_TEMPLATE),
        ({"ways": (OLD,)}, replace(BOTH, templates=frozenset({"fr"})), None),
    ],
)
def test_why_somebody_is_left_out(
    changes: dict[str, object], means: Means, reason: Reason | None
) -> None:
    person = replace(LEILA, **changes)  # type: ignore[arg-type]
    verdict = judge(person, means, RULES, START)
    assert verdict.reason is reason
    assert (verdict.way is None) == (reason is not None), "a reason or a way, never both"


def test_it_goes_where_they_wrote_last_and_can_be_reached() -> None:
    def way(*ways: Way) -> Way | None:
        return judge(replace(LEILA, ways=ways), BOTH, RULES, START).way

    assert way(FRESH, TELEGRAM) == FRESH
    assert way(replace(FRESH, open=False), TELEGRAM) == TELEGRAM
    assert way(OLD, TELEGRAM) == TELEGRAM, "no template is paid for where a chat is free"


def test_a_closed_window_is_said_to_need_a_template() -> None:
    means = replace(BOTH, templates=frozenset({"fr"}))
    assert judge(replace(LEILA, ways=(OLD,)), means, RULES, START).by_template
    assert not judge(LEILA, means, RULES, START).by_template


# ── whom it is for ──────────────────────────────────────────────────────────────────────────────

PROFILE = Answers(
    comune="005037", needs=["job", "housing"], sectors=["care"], age="25_34", situation="neither"
)
MOVED = replace(LEILA, profile=PROFILE, tags=frozenset({"nido"}))


@pytest.mark.parametrize(
    ("audience", "fits"),
    [
        (Audience(), True),
        (Audience(languages=("fr", "ar")), True),
        (Audience(languages=("ar",)), False),
        (Audience(comuni=("005037",)), True),
        (Audience(comuni=("005001",)), False),
        (Audience(needs=("housing",)), True),
        (Audience(needs=("training",)), False),
        (Audience(sectors=("care",), ages=("25_34",)), True),
        (Audience(sectors=("care",), ages=("18_24",)), False),
        (Audience(situations=("neither",)), True),
        (Audience(tags=("nido",)), True),
        (Audience(tags=("x",)), False),
        (Audience(seen_days=1), True),
    ],
)
def test_an_audience_is_all_of_its_parts(audience: Audience, fits: bool) -> None:
    assert audience.admits(MOVED, START) is fits
    assert Audience.from_json(audience.to_json()) == audience


def test_distance_is_from_the_comune_that_is_named() -> None:
    places = load_gazetteer()
    home = places.named("Castellero")
    near, far = places.named("Monale"), places.named("Torino")
    assert home and near
    around = Audience(comuni=(home.istat,), km=5).around(places)
    assert {home.istat, near.istat} <= set(around.comuni)
    assert far is None or far.istat not in around.comuni
    assert Audience().around(places) == Audience()


def test_nobody_seen_lately_without_a_message() -> None:
    assert not Audience(seen_days=30).admits(replace(LEILA, ways=()), START)
    assert not Audience(seen_days=30).admits(replace(LEILA, ways=(TELEGRAM,)), START)


def test_segments_widen_and_the_rest_narrows() -> None:
    french, nido = Audience(languages=("fr",)), Audience(tags=("nido",))
    other = Audience(languages=("ar",))
    assert admitted(MOVED, Audience(), (), START)
    assert admitted(MOVED, Audience(), (other, nido), START)
    assert not admitted(MOVED, Audience(), (other,), START)
    assert not admitted(MOVED, other, (french, nido), START)


# ── repeating ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cron", "now", "last", "then"),
    [
        ("0 9 * * mon", "2026-11-25T12:00", "2026-11-23T09:00+01:00", "2026-11-30T09:00+01:00"),
        ("0 9 * * 1-5", "2026-11-28T12:00", "2026-11-27T09:00+01:00", "2026-11-30T09:00+01:00"),
        ("0 9 * * sun", "2026-11-25T12:00", "2026-11-22T09:00+01:00", "2026-11-29T09:00+01:00"),
        ("0 9 * * 7", "2026-11-25T12:00", "2026-11-22T09:00+01:00", "2026-11-29T09:00+01:00"),
        ("30 10 1,15 * *", "2026-11-14T12:00", "2026-11-01T10:30+01:00", "2026-11-15T10:30+01:00"),
        ("0 9 1 * mon", "2026-12-02T12:00", "2026-12-01T09:00+01:00", "2026-12-07T09:00+01:00"),
        ("*/30 9-10 * * *", "2026-11-25T09:45", "2026-11-25T09:30+01:00", "2026-11-25T10:00+01:00"),
        ("0 9 29 2 *", "2027-06-01T12:00", "2024-02-29T09:00+01:00", "2028-02-29T09:00+01:00"),
        # the same hour on the clock on both sides of a change
        ("0 9 * * *", "2027-03-28T08:00", "2027-03-27T09:00+01:00", "2027-03-28T09:00+02:00"),
        ("0 9 * * *", "2027-10-31T08:00", "2027-10-30T09:00+02:00", "2027-10-31T09:00+01:00"),
        # 02:30 does not exist: it is 03:30; it exists twice: it is the first
        ("30 2 * * *", "2027-03-28T04:00", "2027-03-28T02:30+01:00", "2027-03-29T02:30+02:00"),
        ("30 2 * * *", "2027-10-31T04:00", "2027-10-31T02:30+02:00", "2027-11-01T02:30+01:00"),
    ],
)
def test_when_a_broadcast_repeats(cron: str, now: str, last: str, then: str) -> None:
    repeating = Repeating.parse(cron)
    assert repeating.last(rome(now), ROME) == datetime.fromisoformat(last)
    assert repeating.next(rome(now), ROME) == datetime.fromisoformat(then)


@pytest.mark.parametrize("night", ["2027-03-28", "2027-10-31"])
def test_once_in_the_night_of_a_change(night: str) -> None:
    repeating = Repeating.parse("30 2 * * *")
    moment = rome(f"{night} 00:00").astimezone(UTC)
    found = {repeating.last(moment + timedelta(minutes=10 * n), ROME) for n in range(6 * 12)}
    assert len(found) == 2, "yesterday's and tonight's"


def test_what_never_comes_never_comes() -> None:
    assert Repeating.parse("0 9 31 2 *").last(START, ROME) is None
    assert Repeating.parse("0 9 31 2 *").next(START, ROME) is None


@pytest.mark.parametrize(
    "cron", ["", "0 9 * *", "60 9 * * *", "0 24 * * *", "0 9 0 * *", "0 9 * 13 *", "x 9 * * *",
             "0 9 * * 8", "*/0 9 * * *", "5-1 9 * * *"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(cron: str) -> None:
    with pytest.raises(ValueError):
        Repeating.parse(cron)
