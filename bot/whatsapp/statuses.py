"""What Twilio tells about a message we sent, and what its error codes mean for us."""

import re
from collections.abc import Mapping

from bot.channel import Problem, Receipt
from bot.whatsapp.receive import CHANNEL

# Twilio's error dictionary (https://www.twilio.com/docs/api/errors); the rest is our mistake.
_PROBLEMS = {
    20003: Problem.CREDENTIALS,  # authentication failed
    20429: Problem.BUSY,  # too many requests
    21211: Problem.UNREACHABLE,  # invalid number
    21610: Problem.STOPPED,  # the person opted out
    21614: Problem.UNREACHABLE,  # not a mobile number
    30001: Problem.BUSY,  # queue overflow
    63003: Problem.UNREACHABLE,  # not on WhatsApp
    63007: Problem.CREDENTIALS,  # our sender is not known
    63009: Problem.BUSY,  # WhatsApp answered with an error
    63010: Problem.BUSY,  # Twilio's own error on the channel
    63012: Problem.BUSY,  # WhatsApp's service is failing
    63013: Problem.RESTRICTED,  # against the channel's rules
    63016: Problem.WINDOW_CLOSED,  # free text outside of the 24 hours
    63017: Problem.BUSY,  # too many to this person
    63018: Problem.BUSY,  # too many in all
    63024: Problem.UNREACHABLE,  # invalid recipient
    63026: Problem.RESTRICTED,  # the sender is restricted
    63032: Problem.POLICY,  # WhatsApp's own limit for this person
    63033: Problem.UNREACHABLE,  # the person blocked us
    63038: Problem.RESTRICTED,  # the account's daily limit
    63049: Problem.POLICY,  # Meta chose not to deliver
}
KNOWN_CODES = frozenset(_PROBLEMS)
_STATUSES = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
    "undelivered": "failed",
}
_SID = re.compile(r"[A-Za-z0-9]{1,64}")
_CODE = re.compile(r"[0-9]{1,6}")
_NUMBER = re.compile(r"[0-9]{1,18}")


def problem_of(code: object) -> Problem:
    """What a Twilio error code means; an unknown one is `Problem.REJECTED`."""
    known = isinstance(code, int) or (isinstance(code, str) and _CODE.fullmatch(code))
    return _PROBLEMS.get(int(code), Problem.REJECTED) if known else Problem.REJECTED  # type: ignore[call-overload]


def parse_status(form: Mapping[str, str], letter: str = "", attempt: str = "") -> Receipt | None:
    """The receipt in a status callback, or None when nothing follows from it (``queued`` …).

    ``letter`` and ``attempt`` are what the callback's query carries. Raises nothing.
    """
    sid, status = form.get("MessageSid"), _STATUSES.get(str(form.get("MessageStatus")))
    if not isinstance(sid, str) or not _SID.fullmatch(sid) or status is None:
        return None
    number, tried = _number(letter), _number(attempt)
    if status != "failed":
        return Receipt(CHANNEL, sid, status, number, attempt=tried)
    code = str(form.get("ErrorCode"))
    code = code if _CODE.fullmatch(code) else ""
    return Receipt(CHANNEL, sid, status, number, problem_of(code), code, tried)


def _number(given: str) -> int:
    return int(given) if _NUMBER.fullmatch(given) else 0
