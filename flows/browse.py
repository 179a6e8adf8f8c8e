"""Looking through the offers of a topic, and saying "I am interested"."""

from flows import labels
from flows.cards import card, line
from flows.desk import TOPICS, Listing, NoteInterest, NoteRefusal
from flows.flow import Flow
from flows.matching import ranked
from flows.messages import Option
from flows.moves import Do, Forget, Move, Start, choices, pick
from flows.outcome import follows
from flows.outcomes.ladder import FOLLOWED
from flows.talk import Answers, Talk

_MOST, _PAGE = 40, 5


def begin(argument: str, profile: Answers) -> Answers:
    """``browse-job`` goes to a topic, ``browse-<id>`` to one offer."""
    if argument in TOPICS:
        return Answers(topic=argument)
    return Answers(topic="one", offer=argument) if argument else Answers()


browse = Flow("browse", begin=begin)


def chosen(talk: Talk) -> Listing | None:
    """The offer in view, if it may still be shown."""
    return talk.desk.listing(talk.answers.pick("offer"), talk.speech.code)


def found(talk: Talk) -> list[Listing]:
    """What the topic holds for this person, best first."""
    home = talk.profile.pick("comune")
    candidates = talk.desk.listings(talk.answers.pick("topic"), talk.speech.code, home)
    return ranked(candidates, talk)[:_MOST]


@browse.step()
def topic(talk: Talk) -> Move:
    """What they look for."""
    _ = talk.gettext
    return pick(_("What are you looking for?"), choices(labels.topics(_)))


def _nothing(talk: Talk) -> bool:
    return talk.answers.pick("topic") != "one" and not found(talk)


@browse.step(when=_nothing)
def nothing_found(talk: Talk) -> Move:
    """Nothing is ever invented; the desk still can help."""
    _ = talk.gettext
    text = _(
        "There is nothing for this right now. New offers come often. The desk can look with you."
    )
    return pick(
        text,
        [
            Option("person", _("🙋 Ask the desk"), start="person"),
            Option(
                "tell_me", _("🔔 Write to me later"), start=_tell_me(talk.answers.pick("topic"))
            ),
            Option("topic", _("🔎 Look for more"), start="browse"),
        ],
    )


def _tell_me(topic: str) -> str:
    return f"tell_me-{topic}"


@browse.step()
def offer(talk: Talk) -> Move:
    """A page of offers, nearest and best fitting first."""
    listings = found(talk)
    text = talk.fill(
        talk.ngettext(
            "{topic}: {n} offer. Choose one to read more.",
            "{topic}: {n} offers. Choose one to read more.",
            len(listings),
        ),
        topic=labels.topics(talk.gettext)[talk.answers.pick("topic")],
        n=talk.speech.number(len(listings)),
    )
    options = (
        Option(listing.id, talk.speech.isolate(listing.title), line(listing, talk))
        for listing in listings
    )
    return pick(text, options, page_size=_PAGE)


@browse.step(when=lambda talk: chosen(talk) is None)
def gone(talk: Talk) -> Move:
    """It was closed or ran out meanwhile."""
    _ = talk.gettext
    saying = _("This offer is not there any more.")
    topics = talk.answers.pick("topic")
    return Forget(("offer", "topic") if topics == "one" else ("offer",), saying)


@browse.step()
def wish(talk: Talk) -> Move:
    """The card, and what one can do with it."""
    _ = talk.gettext
    listing = chosen(talk)
    assert listing is not None, "the step before has made sure"
    options = [
        Option("interested", _("👍 I am interested")),
        Option("not_for_me", _("👎 Not for me")),
        Option("list", _("📋 Other offers")),
        Option("tell_me", _("🔔 More like this"), start=_tell_me(listing.topic)),
        Option("person", _("🙋 Ask the desk"), start="person"),
    ]
    if listing.topic == "job":
        options.insert(1, Option("take", _("🧩 Can I take it?"), start=f"take-{listing.id}"))
    mine = {one.listing: one.id for one in talk.desk.outcomes(talk.speech.code)}
    if listing.id in mine:
        options[0] = Option("outcome", _("📌 How it went"), start=f"outcome-{mine[listing.id]}")
    if listing.details.get("kind") == "desk":
        options[0] = Option("book", _("📅 An appointment"), start="appointment")
    if listing.details.get("kind") == "social_taxi" and talk.desk.rides.taxi():
        options[0] = Option("ride", _("🚕 Ask for a ride"), start="ride")
    return pick(card(listing, talk), options)


def _refused(talk: Talk) -> bool:
    return talk.answers.pick("wish") == "not_for_me"


@browse.step(when=_refused)
def why_not(talk: Talk) -> Move:
    """One tap: what keeps people from offers is worth knowing."""
    _ = talk.gettext
    return pick(_("Thank you. What does not fit?"), choices(labels.refusals(_)), optional=True)


@browse.step(when=_refused)
def note_refusal(talk: Talk) -> Move:
    """A fact without words."""
    offer, home = talk.answers.pick("offer"), talk.profile.pick("comune")
    return Do(NoteRefusal(offer, talk.answers.pick("why_not") or "unsaid", home))


def _interested(talk: Talk) -> bool:
    return talk.answers.pick("wish") == "interested"


@browse.step(when=_interested)
def noted(talk: Talk) -> Move:
    """The desk will see it."""
    return Do(NoteInterest(talk.answers.pick("offer")))


@browse.step(when=_interested)
def what_next(talk: Talk) -> Move:
    """How to get in touch, in one sentence."""
    _ = talk.gettext
    listing = chosen(talk)
    phone = listing.phone if listing else ""
    text = talk.fill(
        _("Good! 👍 The desk knows now. You can also call {phone} yourself and name this offer."),
        phone=phone,
    )
    if listing and listing.topic in FOLLOWED and follows(talk):
        text = "\n".join((text, _("In some days I ask you how it went.")))
    options = [
        Option("list", _("📋 Other offers")),
        Option("person", _("🙋 Ask the desk"), start="person"),
    ]
    return pick(text, options)


@browse.step()
def back_to_list(talk: Talk) -> Move:
    """Where a deep link led to one offer only, to its whole topic."""
    listing = chosen(talk)
    if talk.answers.pick("topic") == "one":
        return Start(f"browse-{listing.topic}" if listing else "browse")
    return Forget(("offer", "wish", "why_not", "note_refusal", "noted", "what_next"))
