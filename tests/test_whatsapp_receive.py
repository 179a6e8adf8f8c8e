"""What Twilio posts → `Received` and `Receipt`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channel import Problem, Receipt, Received
from bot.whatsapp.receive import parse
from bot.whatsapp.statuses import parse_status, problem_of
from flows.messages import Inbound, Position

AMINA = "whatsapp:+393331234567"
SID = "SM0123456789abcdef0123456789abcdef"


def form(**fields: str) -> dict[str, str]:
    """As Twilio posts it, with ``fields``; None takes one away."""
    return {
        "MessageSid": SID,
        "SmsSid": SID,
        "AccountSid": "AC0",
        "From": AMINA,
        "To": "whatsapp:+390141000011",
        "WaId": "393331234567",
        "ProfileName": "Amina Rossi",
        "NumMedia": "0",
        "NumSegments": "1",
        "Body": "",
        **fields,
    }


@pytest.mark.parametrize(
    ("fields", "inbound"),
    [
        ({"Body": "ciao", "MessageType": "text"}, Inbound("ciao")),
        ({"Body": "  ciao \u202e\x00 "}, Inbound("ciao")),
        ({"Body": "می‌خواهم"}, Inbound("می‌خواهم")),
        ({"Body": "x" * 5000}, Inbound("x" * 4096)),
        ({"Body": "ciao", "NewField": "?"}, Inbound("ciao")),
        ({"Body": "Yes", "ButtonText": "Yes", "ButtonPayload": "7:yes"}, Inbound(tap="7:yes")),
        ({"Body": "Work", "ListId": "7:job", "ListTitle": "Work"}, Inbound(tap="7:job")),
        ({"ButtonPayload": "x" * 64, "Body": "Yes"}, Inbound(tap="x" * 64)),
        ({"ButtonPayload": "x" * 65, "ButtonText": "Yes"}, Inbound("Yes")),
        ({"ButtonPayload": "sì", "ButtonText": "Sì"}, Inbound("Sì")),
        ({"ListId": "two words", "ListTitle": "Work"}, Inbound("Work")),
        (
            {"Latitude": "44.9", "Longitude": "8.2", "Address": "Via Po"},
            at := Inbound(location=Position(44.9, 8.2)),
        ),
        ({"Latitude": "44.9", "Longitude": "8.2", "MessageType": "location", "Label": "x"}, at),
        ({"Latitude": "-91", "Longitude": "8.2", "Body": "here"}, Inbound("here")),
        ({"Latitude": "nan", "Longitude": "inf", "Body": "here"}, Inbound("here")),
        ({"Latitude": "١٢", "Longitude": "8", "Body": "here"}, Inbound("here")),
        ({"Latitude": "44.9", "Body": "here"}, Inbound("here")),
        ({"NumMedia": "1", "MediaContentType0": "audio/ogg; codecs=opus"}, Inbound(media="voice")),
        ({"NumMedia": "1", "MediaContentType0": "audio/mpeg"}, Inbound(media="audio")),
        ({"NumMedia": "1", "MediaContentType0": "image/jpeg"}, Inbound(media="photo")),
        ({"NumMedia": "1", "MediaContentType0": "image/webp"}, Inbound(media="sticker")),
        ({"NumMedia": "1", "MediaContentType0": "video/mp4"}, Inbound(media="video")),
        ({"NumMedia": "1", "MediaContentType0": "text/vcard"}, Inbound(media="contact")),
        ({"NumMedia": "1", "MediaContentType0": "application/pdf"}, Inbound(media="document")),
        ({"NumMedia": "2", "Body": "my cv"}, Inbound("my cv", media="document")),
        ({"MessageType": "order"}, Inbound(media="order")),
    ],
)
def test_inbound(fields: dict[str, str], inbound: Inbound) -> None:
    assert parse(form(**fields)) == Received("whatsapp", SID, "+393331234567", inbound)


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({"From": AMINA}, "+393331234567"),
        ({"From": AMINA, "WaId": "1"}, "+393331234567"),
        ({"From": "whatsapp:IT.13491208655302741918"}, "IT.13491208655302741918"),
        ({"From": "whatsapp:US.ENT.118157"}, "US.ENT.118157"),
        ({"WaId": "393331234567"}, "+393331234567"),
        ({"WaId": "IT.1349"}, "IT.1349"),
        ({"From": "", "WaId": "393331234567"}, "+393331234567"),
    ],
)
def test_address(fields: dict[str, str], address: str) -> None:
    received = parse({"MessageSid": SID, "Body": "ciao", **fields})
    assert received
    assert received.address == address


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"Body": "ciao"},
        {"MessageSid": SID, "Body": "ciao"},
        {"MessageSid": "", "From": AMINA, "Body": "ciao"},
        {"MessageSid": "no sid", "From": AMINA, "Body": "ciao"},
        {"MessageSid": SID, "From": AMINA},
        {"MessageSid": SID, "From": AMINA, "Body": " \x00 "},
        {"MessageSid": SID, "From": "+393331234567", "Body": "an SMS"},
        {"MessageSid": SID, "From": "messenger:12", "Body": "ciao"},
        {"MessageSid": SID, "From": "whatsapp:", "Body": "ciao"},
        {"MessageSid": SID, "From": "whatsapp:+39 333", "Body": "ciao"},
        {"MessageSid": SID, "From": f"whatsapp:{'1' * 200}", "Body": "ciao"},
    ],
)
def test_nothing_for_us(found: dict[str, str]) -> None:
    assert parse(found) is None


def test_a_reaction_is_known_but_says_nothing() -> None:
    found = parse(form(Body="👍", MessageType="reaction"))
    assert found == Received("whatsapp", SID, "+393331234567", change="reaction")


def test_the_same_words_twice_are_two_messages() -> None:
    first = parse(form(Body="1"))
    second = parse(form(Body="1", MessageSid="SM2"))
    assert first
    assert second
    assert first.external_id != second.external_id


@pytest.mark.parametrize(
    ("fields", "letter", "receipt"),
    [
        ({"MessageStatus": "sent"}, "12", Receipt("whatsapp", SID, "sent", 12)),
        ({"MessageStatus": "delivered"}, "", Receipt("whatsapp", SID, "delivered")),
        ({"MessageStatus": "read"}, "x", Receipt("whatsapp", SID, "read")),
        ({"MessageStatus": "read"}, "9" * 30, Receipt("whatsapp", SID, "read")),
        (
            {"MessageStatus": "failed", "ErrorCode": "63016"},
            "3",
            Receipt("whatsapp", SID, "failed", 3, Problem.WINDOW_CLOSED, "63016"),
        ),
        (
            {"MessageStatus": "undelivered", "ErrorCode": "63024"},
            "3",
            Receipt("whatsapp", SID, "failed", 3, Problem.UNREACHABLE, "63024"),
        ),
        (
            {"MessageStatus": "failed", "ErrorCode": "<script>"},
            "3",
            Receipt("whatsapp", SID, "failed", 3, Problem.REJECTED),
        ),
        (
            {"MessageStatus": "failed"},
            "3",
            Receipt("whatsapp", SID, "failed", 3, Problem.REJECTED),
        ),
        ({"MessageStatus": "queued"}, "3", None),
        ({"MessageStatus": "sending"}, "3", None),
        ({"MessageStatus": "?"}, "3", None),
        ({}, "3", None),
        ({"MessageStatus": "sent", "MessageSid": ""}, "3", None),
        ({"MessageStatus": "sent", "MessageSid": "a b"}, "3", None),
    ],
)
def test_status(fields: dict[str, str], letter: str, receipt: Receipt | None) -> None:
    assert parse_status({"MessageSid": SID, **fields}, letter) == receipt


@pytest.mark.parametrize(
    ("problem", "codes"),
    [
        (Problem.BUSY, "20429 63018 63017 30001 63009 63010 63012"),
        (Problem.WINDOW_CLOSED, "63016"),
        (Problem.STOPPED, "21610"),
        (Problem.UNREACHABLE, "63024 63003 21211 21614 63033"),
        (Problem.POLICY, "63032 63049"),
        (Problem.RESTRICTED, "63013 63026 63038"),
        (Problem.CREDENTIALS, "20003 63007"),
        (Problem.REJECTED, "21617 21655 21656 63005 1 x 99999999999"),
    ],
)
def test_codes(problem: Problem, codes: str) -> None:
    for code in codes.split():
        assert problem_of(code) is problem
        if code.isdecimal():
            assert problem_of(int(code)) is problem
    assert problem_of(None) is Problem.REJECTED


NAMES = st.sampled_from(
    [
        "MessageSid",
        "From",
        "WaId",
        "Body",
        "NumMedia",
        "MediaContentType0",
        "MessageType",
        "ButtonText",
        "ButtonPayload",
        "ListId",
        "ListTitle",
        "Latitude",
        "Longitude",
        "MessageStatus",
        "ErrorCode",
        "ProfileName",
    ]
)
WORDS = st.sampled_from(
    [SID, AMINA, "whatsapp:IT.abc123", "1", "0", "ciao", "text", "44.9", "8.2", "audio/ogg"]
)
ANYTHING = (
    st.text(st.characters(), max_size=20) | WORDS | st.none() | st.integers() | st.lists(WORDS)
)


@settings(max_examples=1500, deadline=None)
@given(st.dictionaries(NAMES | st.text(max_size=5), ANYTHING, max_size=14), st.text(max_size=5))
def test_no_mapping_makes_it_raise(found: dict[str, str], letter: str) -> None:
    received = parse(found)
    if received:
        assert received.address.isascii()
        assert received.inbound
        said = received.inbound.text + received.inbound.tap
        said.encode()
        assert "\x00" not in said
    parse_status(found, letter)
