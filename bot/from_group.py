"""What operators write in a topic of their Telegram group."""

from sqlalchemy import Connection

from bot.answering import Answering
from bot.channel import Received
from flows.tickets import group as words
from flows.tickets.letters import canned
from storage.audit import By
from storage.tickets import group, operators
from storage.tickets.operators import TicketError


def take_word(connection: Connection, received: Received, answering: Answering, by: By) -> None:
    """It goes to the person whose topic it is; what cannot is said there, and nothing is sent."""
    said = received.inbound
    ticket = group.ticket_of(connection, received.address, received.thread)
    if said is None or ticket is None:
        return
    if said.media:
        answering.answer_group(connection, ticket, words.only_text(answering.desk), by.now)
        return
    try:
        answer = _obey(connection, said.text, ticket, answering, by)
    except TicketError as error:
        answer = words.refused(str(error))
    if answer:
        answering.answer_group(connection, ticket, answer, by.now)


def _obey(connection: Connection, text: str, ticket: int, answering: Answering, by: By) -> str:
    """What the topic should hear, or an empty string."""
    command, _, rest = text.partition(" ")
    rest = rest.strip()
    match command.partition("@")[0].lower() if command.startswith("/") else "":
        case "/note" if rest:
            operators.note(connection, ticket, rest, by)
        case "/assign":
            operators.assign(connection, ticket, rest or by.operator, by)
        case "/close":
            answering.close(connection, ticket, by)
        case "/canned" if rest in canned(answering.desk.gettext):
            return _send(connection, ticket, "", rest, answering, by)
        case "/canned":
            return words.ready_answers(answering.desk)
        case _ if command.startswith("/"):
            return words.commands(answering.desk)
        case _:
            return _send(connection, ticket, text, "", answering, by)
    return ""


def _send(
    connection: Connection, ticket: int, text: str, key: str, answering: Answering, by: By
) -> str:
    result = answering.reply(connection, ticket, text, key, by)
    match result.state:
        case "held":
            return words.held(answering.desk, told=result.told)
        case "unreachable":
            return words.not_arrived(ticket, text or key, "unreachable", answering.desk)
    return words.written_by("→", canned(answering.desk.gettext)[key]) if key else ""
