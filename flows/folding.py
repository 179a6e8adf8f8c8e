"""Text as people type it, brought to one form for comparing."""

import re
import unicodedata

_MARKS = re.compile("[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u0640]")
_NOT_WORD = re.compile(r"(?:[^\w\u0900-\u0963\u0966-\u0dff]|_)+")
_ARABIC = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ۃ": "ه"}
)
_NUMBER = re.compile(r"\d+")


def fold(text: str) -> str:
    """``text`` in lower case, without accents, emoji, punctuation or Arabic letter variants."""
    if text.isascii():
        return _NOT_WORD.sub(" ", text.lower()).strip()
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = unicodedata.normalize("NFC", _MARKS.sub("", plain)).translate(_ARABIC)
    return _NOT_WORD.sub(" ", plain).strip()


def numbers(text: str) -> list[int]:
    """The whole numbers in ``text``, in the digits of any script; at most six digits each."""
    return [int(digits) for digits in _NUMBER.findall(text) if len(digits) <= 6]


def clean(text: str, limit: int = 4096) -> str:
    """``text`` fit to store: no NUL, lone surrogate, control, bidi override or unseen letter.

    ZWJ and ZWNJ stay: Persian, Bengali and emoji need them. New lines and tabs stay. It is at most
    ``limit`` letters long.
    """
    safe = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c for c in safe if c in "\n\t" or not _unsafe(c))[:limit].strip()


_UNSEEN = "\ufeff\u200b\u00ad\u180e"  # with them "STOP" looks like STOP and is not


def _unsafe(c: str) -> bool:
    never = ord(c) & 0xFFFE == 0xFFFE  # Unicode's noncharacters
    if never or unicodedata.category(c) == "Cc":
        return True
    return "\u202a" <= c <= "\u202e" or "\u2060" <= c <= "\u2064" or c in _UNSEEN
