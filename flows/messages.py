"""One message each way, the same for every channel."""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple


class Position(NamedTuple):
    """A shared location: WGS84 degrees."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a person sent: a text, a tap, a deep link, a location, or something we cannot read.

    ``tap`` is the value of the button as we sent it (`Option.tap`); ``start`` the payload of a
    deep link (``flow-argument``); ``media`` the kind of an attachment (``voice``, ``photo`` …);
    ``hint`` the language the channel believes the person speaks, an ISO code or empty.
    """

    text: str = ""
    tap: str = ""
    start: str = ""
    location: Position | None = None
    media: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """A choice. ``start`` (``flow-argument``) makes it work from any message, at any time."""

    key: str
    label: str
    hint: str = ""
    start: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """An option as it is drawn: its label and what comes back when it is tapped.

    ``tap`` is at most 64 bytes of ASCII (Telegram's callback data).
    """

    label: str
    tap: str
    hint: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A file that goes with a message: a name for what it holds, never the content.

    It is made from the database when somebody takes it, so no copy of it waits anywhere, and there
    is none of a person who was erased. ``link`` are the words before its address, on channels that
    send an address in its place.
    """

    kind: str
    argument: str = ""
    link: str = ""


Kind = Literal["tell", "pick", "pick_many", "number", "text", "place"]


@dataclass(frozen=True, slots=True)
class Outbound:
    """What we say in one message; a channel draws it within its limits.

    ``buttons`` answer the question, ``controls`` (back, skip, menu …) always follow them;
    ``edits``: this replaces the message that was just tapped, where the channel can do that;
    ``howto``: one line, in the person's language, for channels that draw no buttons;
    ``template``: what may be said at any time, where a channel has that approved beforehand.
    """

    text: str
    language: str
    direction: Literal["ltr", "rtl"] = "ltr"
    kind: Kind = "tell"
    buttons: tuple[Button, ...] = ()
    controls: tuple[Button, ...] = ()
    howto: str = ""
    edits: bool = False
    share_location: str = ""
    document: Document | None = None
    template: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types, without what is empty."""
        row: dict[str, Any] = {"text": self.text, "language": self.language}
        if self.direction != "ltr":
            row["direction"] = self.direction
        if self.kind != "tell":
            row["kind"] = self.kind
        for name, buttons in (("buttons", self.buttons), ("controls", self.controls)):
            if buttons:
                row[name] = [[b.label, b.tap, b.hint, b.chosen] for b in buttons]
        if self.howto:
            row["howto"] = self.howto
        if self.edits:
            row["edits"] = True
        if self.share_location:
            row["share_location"] = self.share_location
        if self.document:
            row["document"] = [self.document.kind, self.document.argument, self.document.link]
        if self.template:
            row["template"] = self.template
        return row

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Outbound":
        """What `to_json` wrote, by this release or an earlier one."""
        buttons = {
            name: tuple(Button(*button) for button in row.get(name, ()))
            for name in ("buttons", "controls")
        }
        document = Document(*row["document"]) if "document" in row else None
        return cls(**{**row, **buttons, "document": document})


@dataclass(frozen=True, slots=True)
class Event:
    """A fact we count later. Never free text: every field is a key from the code."""

    kind: str
    flow: str = ""
    step: str = ""
    key: str = field(default="")

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind, self.flow, self.step, self.key) if part)
