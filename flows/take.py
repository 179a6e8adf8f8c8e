"""Can I take it? The way, the children and a home behind a job, from checked offers."""

from collections.abc import Iterator

from flows.bundle import Bundle, Gap, Person, bundle
from flows.desk import Listing, NoteGaps
from flows.flow import Flow
from flows.messages import Option
from flows.moves import Do, End, Move, pick
from flows.talk import Answers, Talk


def begin(argument: str, profile: Answers) -> Answers:
    """``take-<offer>``."""
    return Answers(offer=argument)


take = Flow("take", begin=begin)


def _job(talk: Talk) -> Listing | None:
    return talk.desk.listing(talk.answers.pick("offer"), talk.speech.code)


def _behind(talk: Talk) -> Bundle | None:
    """The bundle, or None when the job is gone or we know too little."""
    job, home = _job(talk), talk.desk.places.get(talk.profile.pick("comune"))
    if job is None or home is None:
        return None
    person = Person(home, talk.profile.many("vehicle"), talk.profile.many("children"))
    code, places = talk.speech.code, talk.desk.places
    rides, care, homes = (
        talk.desk.listings(topic, code, near)
        for topic, near in (
            ("transport", home.istat),
            ("childcare", home.istat),
            ("housing", job.comune),
        )
    )
    return bundle(job, person, places, rides, care, homes)


@take.step(when=lambda talk: _job(talk) is None)
def gone(talk: Talk) -> Move:
    """It was closed meanwhile."""
    _ = talk.gettext
    return End(_("This offer is not there any more."))


@take.step(when=lambda talk: not talk.desk.places.get(talk.profile.pick("comune")))
def where(talk: Talk) -> Move:
    """Without the town nothing can be worked out."""
    _ = talk.gettext
    text = _("To see how you can get there I need to know your town.")
    options = [
        Option("questions", _("📝 My answers"), start="intake"),
        Option("back", _("↩️ Back to the offer"), start=f"browse-{talk.answers.pick('offer')}"),
    ]
    return pick(text, options)


def _gaps(talk: Talk) -> tuple[Gap, ...]:
    behind = _behind(talk)
    return behind.gaps if behind else ()


@take.step(when=lambda talk: bool(_gaps(talk)))
def noted(talk: Talk) -> Move:
    """What is missing around here is worth knowing: which ride, which childcare."""
    gaps, home = _gaps(talk), talk.profile.pick("comune")
    wanted = dict.fromkeys(what for gap in gaps for what in gap.wanted())
    return Do(NoteGaps(tuple(gap.kind for gap in gaps), home, tuple(wanted)))


@take.step()
def answer(talk: Talk) -> Move:
    """Line by line, and what to do about each gap: ask the desk."""
    _ = talk.gettext
    job, behind = _job(talk), _behind(talk)
    title = job.title if job else ""
    lines = list(_lines(behind, talk)) if behind else [_("The desk can work this out with you.")]
    options = [
        *_rides(behind, talk),
        Option("back", _("↩️ Back to the offer"), start=f"browse-{talk.answers.pick('offer')}"),
        Option("person", _("🙋 Ask the desk"), start="person"),
    ]
    return pick("\n".join([talk.speech.isolate(title), *lines]), options)


def _rides(behind: Bundle | None, talk: Talk) -> Iterator[Option]:
    """Where the social taxi goes there or back, it can be asked here."""
    _, offer = talk.gettext, talk.answers.pick("offer")
    if behind is None or talk.desk.rides.taxi() is None:
        return
    if behind.there and behind.there.offer.details.get("kind") == "social_taxi":
        yield Option("ride", _("🚕 Ask for a ride"), start=f"ride-job_{offer}")
    if behind.back and behind.back.offer.details.get("kind") == "social_taxi":
        yield Option("ride_home", _("🔁 The way back"), start=f"ride-home_{offer}")


def _lines(behind: Bundle, talk: Talk) -> Iterator[str]:
    _, fill = talk.gettext, talk.fill
    if behind.own_way:
        yield _("✅ You can get there.")
    if behind.there:
        leg = behind.there
        yield fill(_("🚌 There: {ride}, {time}"), ride=leg.offer.title, time=leg.leaves)
    if behind.back:
        leg = behind.back
        yield fill(_("🚌 Back: {ride}, {time}"), ride=leg.offer.title, time=leg.leaves)
    for offer in behind.childcare:
        yield fill(_("🧸 Children: {offer}"), offer=offer.title)
    if behind.homes:
        names = talk.speech.list(talk.speech.isolate(home.title) for home in behind.homes)
        yield fill(_("🏠 Homes near the work: {homes}"), homes=names)
    for gap in behind.gaps:
        yield _missing(gap, talk)


def _missing(gap: Gap, talk: Talk) -> str:
    _ = talk.gettext
    says = {
        "ride_there": _("❗ No ride to be there at {time}: ask the desk."),
        "ride_back": _("❗ No ride home after {time}: ask the desk."),
        "childcare": _("❗ No childcare at {time}: ask the desk."),
    }
    return talk.fill(says[gap.kind], time=gap.at)
