"""The words that people agree to today, by their fingerprint."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, cast

from flows.alerts_consent import alerts_notice
from flows.privacy import NOTICE_VERSION, profile_notice
from flows.speech import Languages
from flows.talk import Answers, Contact, Talk
from flows.teach import PURPOSE, notice

NOTICES: Mapping[str, Callable[[Talk], str]] = {
    "profile": profile_notice,
    "alerts": alerts_notice,
    PURPOSE: notice,
}


def fingerprints(languages: Languages) -> dict[tuple[str, str], str]:
    """SHA-256 of each purpose's words in each language, as `consent` stores it."""
    return {
        (purpose, code): hashlib.sha256(words(_talk(languages, code)).encode()).hexdigest()
        for purpose, words in NOTICES.items()
        for code in languages
    }


def in_words(consent: Mapping[str, Any], today: Mapping[tuple[str, str], str]) -> str:
    """One yes or no, and whether its words are still today's."""
    said = "yes" if consent["given"] else "no"
    same = today.get((consent["purpose"], consent["language"])) == consent["text_hash"]
    words = "today's" if same else f"older than today's ({NOTICE_VERSION})"
    where = f"{consent['language']} on {consent['channel']}"
    return (
        f"{said}, {consent['at']:%Y-%m-%d %H:%M} UTC, in {where}; "
        f"words of {consent['version']}, {words}"
    )


def _talk(languages: Languages, code: str) -> Talk:
    """The notices ask it for nothing but words."""
    speech, nobody = languages[code], Contact("")
    return Talk(Answers(), Answers(), nobody, speech, speech, date.min, cast(Any, None))
