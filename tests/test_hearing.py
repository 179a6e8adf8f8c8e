"""Who a message is for while a ticket is open, as one table."""

import pytest

from flows.conversation import Conversation
from flows.engine import Engine
from flows.messages import Inbound
from flows.talk import Answers, Contact
from flows.tickets.port import Ticket
from tests.test_walk import TODAY, MemoryDesk, MemoryOffers, offers

__all__ = ["offers"]  # the fixture

WITH_DESK, SPOKE = Ticket(listens=True), Ticket(listens=True, desk_spoke=True)
SILENT = Ticket(listens=False)
IN = {"person": "go:person", "menu": "go:menu", "form": "go:intake"}


@pytest.mark.parametrize(
    ("where", "ticket", "said", "desk_hears"),
    [
        ("person", WITH_DESK, "ho una lettera", True),
        ("person", WITH_DESK, "2", False),  # the second button: nobody is needed
        ("person", WITH_DESK, "lavoro", True),
        ("person", WITH_DESK, "italiano", True),
        ("person", WITH_DESK, "fatto", True),
        ("person", WITH_DESK, "/lavoro", False),
        ("person", WITH_DESK, "menu", False),
        ("person", WITH_DESK, "stop", False),
        ("person", WITH_DESK, "indietro", False),
        ("person", WITH_DESK, "aiuto", False),
        ("person", WITH_DESK, "mio marito mi picchia", True),  # and the numbers, at once
        ("person", SPOKE, "2", True),
        ("menu", SPOKE, "1", True),
        ("menu", SPOKE, "menu", False),
        ("menu", WITH_DESK, "1", False),
        ("menu", WITH_DESK, "cerco lavoro a Settime", False),
        ("menu", WITH_DESK, "xyzzy plugh qwerty", True),
        ("form", WITH_DESK, "sì", False),
        ("form", SPOKE, "sì", True),
        ("menu", SILENT, "xyzzy plugh qwerty", False),
        ("menu", None, "xyzzy plugh qwerty", False),
    ],
)
def test_who_hears(
    flows: Engine,
    offers: MemoryOffers,
    where: str,
    ticket: Ticket | None,
    said: str,
    *,
    desk_hears: bool,
) -> None:
    contact = Contact("telegram")
    was = Conversation(language="it", profile=Answers(age="25_34"))
    there = MemoryDesk(offers, contact, ticket=ticket or WITH_DESK)
    was = flows.take_turn(was, Inbound(tap=IN[where]), contact, there, TODAY).conversation
    desk = MemoryDesk(offers, contact, ticket=ticket)
    turn = flows.take_turn(was, Inbound(said), contact, desk, TODAY)
    assert desk.tickets.words == ([said] if desk_hears else [])
    if "picchia" in said:
        assert turn.says and "112" in turn.says.text
