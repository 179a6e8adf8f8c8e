"""A person's ticket in memory: as strict as `storage.tickets.person.DatabaseTickets`."""

from datetime import timedelta

from flows.tickets.port import CloseTicket, OpenTicket, TellDesk, Ticket, TicketCommand


class MemoryTickets:
    """`flows.tickets.port.Tickets`; ``words`` are what went to the desk."""

    def __init__(self, open: Ticket | None = None, wait: timedelta | None = None) -> None:
        self.open, self.wait = open, wait
        self.words: list[str] = []

    def mine(self) -> Ticket | None:
        return self.open

    def usual_wait(self) -> timedelta | None:
        return self.wait

    def flag(self) -> None:
        self.open = self.open or Ticket(listens=False)

    def perform(self, command: TicketCommand) -> str:
        match command:
            case OpenTicket():
                there, self.open = self.open, Ticket(listens=True)
                return "there" if there else "opened"
            case TellDesk(text):
                if self.open is None:
                    return "gone"
                self.words.append(text)
                return "done" if self.words[1:] else "first"
            case CloseTicket():
                there, self.open = self.open, None
                return "done" if there else "gone"
