"""What the assistant looks for on somebody's behalf: see it, change it, end it."""

from flows import labels
from flows.flow import Flow
from flows.messages import Option
from flows.moves import Do, End, Move, pick
from flows.searches.hits import details, title
from flows.searches.port import HOW_OFTEN, ChangeSearch, DropSearch, Search
from flows.talk import Talk

searches = Flow("searches", digression=True)


def _chosen(talk: Talk) -> Search | None:
    number = talk.answers.pick("which")
    return next((one for one in talk.desk.searches() if str(one.id) == number), None)


@searches.step()
def which(talk: Talk) -> Move:
    """All of them, and a new one."""
    _ = talk.gettext
    known, mine = labels.how_often(_), talk.desk.searches()
    options = [
        Option(
            str(one.id),
            title(one, talk),
            " · ".join(part for part in (details(one, talk), known[one.every]) if part),
        )
        for one in mine
    ]
    new = [
        Option("new", _("➕ Something new"), start="tell_me"),
        Option("alerts", _("🔔 Messages from us"), start="alerts"),
    ]
    text = _("This is what I look for:") if mine else _("I do not look for anything yet.")
    return pick(text, [*options, *new])


@searches.step(when=lambda talk: not (_chosen(talk) or talk.answers.pick("changed")))
def gone(talk: Talk) -> Move:
    """It was taken away meanwhile."""
    _ = talk.gettext
    return End(_("This is not there any more."))


@searches.step()
def change(talk: Talk) -> Move:
    """How often, or no more."""
    _ = talk.gettext
    one = _chosen(talk)
    assert one is not None, "the step before has made sure"
    known = labels.how_often(_)
    other = [Option(key, known[key]) for key in HOW_OFTEN if key != one.every]
    return pick(_("What shall I change?"), [*other, Option("drop", _("🗑️ Not any more"))])


@searches.step()
def changed(talk: Talk) -> Move:
    """In this turn's transaction."""
    number, said = int(talk.answers.pick("which")), talk.answers.pick("change")
    return Do(DropSearch(number) if said == "drop" else ChangeSearch(number, said))


@searches.step()
def told(talk: Talk) -> Move:
    """Say so."""
    _ = talk.gettext
    return End(_("Done. ✅"))
