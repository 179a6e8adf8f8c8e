"""What is kept for how long, from when, and why: the one place. The clock, the commands, the docs
and the notice for people all go by it.

GDPR art. 5(1)(c) and (e): no more and no longer than the purpose needs. The periods are the desk's
decision; where a source gives a number, the reason names it.
"""

from storage.models import (
    Appointment,
    Audit,
    DeskTopic,
    Erasure,
    Event,
    Inbox,
    Interest,
    JobRun,
    Notice,
    Outbox,
    Outcome,
    Ride,
    RideWish,
    Run,
    SimulatorMessage,
    Ticket,
    TicketMessage,
    Unanswered,
    Waiting,
)
from storage.outreach import report
from storage.retention.rule import (
    Part,
    Rule,
    broadcast_letters,
    days,
    done_notices,
    letters_of_over,
    older,
    personless,
    plain_letters,
    silent_topics,
    unused_runs,
    with_person,
    words_of_over,
)
from storage.tickets.group import delete_topics

# What another rule's rows hold on to comes first: so a dry run counts what a run deletes.
RULES = (
    Rule(
        "messages_sent",
        "messages to people, as they were sent",
        "outbox",
        days(7),
        "sent, failed or cancelled",
        "to find out what became of them; of broadcasts the counts stay",
        (Part(Outbox, plain_letters), Part(Outbox, broadcast_letters, first=report.fold)),
    ),
    Rule(
        "deliveries",
        "the provider's number of a message from a person (its text goes when it is answered)",
        "inbox",
        days(7),
        "answered",
        "a message that is delivered twice is known; Telegram's numbers start anew after a week",
        (Part(Inbox, older(Inbox.handled_at)),),
    ),
    Rule(
        "trial_chats",
        "chats of the trial page",
        "simulator_message",
        days(7),
        "written",
        "somebody who tries it can go on the next day",
        (Part(SimulatorMessage, older(SimulatorMessage.at)),),
    ),
    Rule(
        "unanswered_questions",
        "questions that were not understood, scrubbed, of who agreed",
        "unanswered",
        days(30),
        "asked",
        "long enough for somebody of the desk to look at them once a month",
        (Part(Unanswered, older(Unanswered.at)),),
    ),
    Rule(
        "ticket_words",
        "what was written between a person and the desk, and their topic in the operators' group",
        "ticket_message, outbox, desk_topic",
        days(7),
        "the ticket ended",
        "the person may still come back to it in the next days",
        (
            Part(Outbox, letters_of_over),
            Part(TicketMessage, words_of_over),
            Part(DeskTopic, silent_topics, instead=delete_topics),
        ),
    ),
    Rule(
        "notices",
        "notices to the operators that are done",
        "notice",
        days(365),
        "done",
        "a look back over one year of work; of an erased person it says only that there was one",
        (Part(Notice, done_notices),),
    ),
    Rule(
        "tickets",
        "that there was a ticket: when, why, who answered",
        "ticket",
        days(90),
        "it ended",
        "how long people wait is looked at once a quarter",
        (Part(Ticket, older(Ticket.closed_at)),),
    ),
    Rule(
        "rides",
        "rides with the social taxi",
        "ride, run",
        days(90),
        "it left",
        "the drivers' books are settled once a quarter",
        (Part(Ride, older(Ride.leaves_at)), Part(Run, unused_runs)),
    ),
    Rule(
        "ride_wishes_person",
        "whose a ride was that could not be met (then only the wish is left)",
        "ride_wish",
        days(90),
        "asked",
        "so that one person who asks five times does not count as five",
        (Part(RideWish, with_person(RideWish, RideWish.at), {"contact_id": None}),),
    ),
    Rule(
        "ride_wishes",
        "rides that could not be met, without the person",
        "ride_wish",
        days(730),
        "asked",
        "to plan next year's timetable with last year's wishes",
        (Part(RideWish, older(RideWish.at)),),
    ),
    Rule(
        "past_appointments",
        "whose a past appointment was (then only the hour is left)",
        "appointment",
        days(365),
        "the hour",
        "the desk sees what was talked about with whom, until the yearly report",
        (
            Part(
                Appointment,
                with_person(Appointment, Appointment.ends_at),
                {"contact_id": None},
            ),
        ),
    ),
    Rule(
        "waiting",
        "that somebody would have come earlier",
        "waiting",
        days(90),
        "it was over",
        "no use after the appointment; a season for questions about it",
        (Part(Waiting, older(Waiting.closed_at)),),
    ),
    Rule(
        "interests",
        '"I am interested": person and offer',
        "interest",
        days(365),
        "said",
        "no offer stands longer; the desk has called them long before",
        (Part(Interest, older(Interest.at)),),
    ),
    Rule(
        "outcomes",
        "how far they came with a job or a course: person, offer, rung",
        "outcome",
        days(365),
        "last said",
        "a year after the last word nothing is asked any more, and the yearly report is written",
        (Part(Outcome, older(Outcome.said_at)),),
    ),
    Rule(
        "audit",
        "which operator looked at or changed what (numbers of people, never their words)",
        "audit",
        days(731),
        "done",
        "whoever asks who looked at their data must be answered; administrators' access logs are "
        "kept six months at least (Garante, 27 November 2008, doc. web 1577499)",
        (Part(Audit, older(Audit.at)),),
    ),
    Rule(
        "events",
        "facts we count, whose person is gone (flow, step, key)",
        "event",
        days(5 * 365),
        "it happened",
        "years are compared; nobody is in them",
        (Part(Event, personless),),
    ),
    Rule(
        "job_runs",
        "that a daily job was done",
        "job_run",
        days(90),
        "done",
        "so that it is not done twice; nobody is in it",
        (Part(JobRun, older(JobRun.at)),),
    ),
    Rule(
        "erasures",
        "the number of somebody who was erased, and when",
        "erasure",
        days(730),
        "erased",
        "longer than any backup is kept: who was erased is erased again when one is restored",
        (Part(Erasure, older(Erasure.at)),),
    ),
)

INACTIVE = Rule(
    "inactive_people",
    "everything about a person who does not write any more",
    "contact, address, conversation, consent, search, alerted, tag and the rest",
    None,
    "they last wrote (settings: INACTIVE_MONTHS)",
    "who needs the desk again comes back within two years; no law gives a number. "
    "An orientation: the Garante lets data on habits be kept 24 months at most for sending offers "
    "(24 February 2005, doc. web 1103045)",
)

WITH_PERSON = (
    Rule(
        "consents",
        "each yes or no: purpose, version and fingerprint of the words, language, channel, time",
        "consent",
        None,
        "as the person is there",
        "a consent must be provable while it is used (GDPR art. 7(1)); after an erasure nothing is "
        "left that needs the proof",
    ),
    Rule(
        "publications",
        "published statistics: numbers of five people or more, rounded",
        "publication",
        None,
        "as they are of use",
        "they are public, and nobody is in them",
    ),
)
