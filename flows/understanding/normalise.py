"""Text as people type it, in any script, brought to tokens that can be compared."""

import re
import unicodedata

from flows.understanding.scripts import folded_letters, is_abjad

_LONGEST = 400  # characters that are looked at; a question is in the first of them
_REPEATED = re.compile(r"([^\W\d])\1{2,}")
_CONTRACTION = re.compile(r"(?<=\w)['’`](?=(?:t|s|m|re|ll|ve|d)\b)")
_CYRILLIC_APOSTROPHE = re.compile("(?<=[\u0400-\u04ff])['’`ʼ](?=[\u0400-\u04ff])")
_TIME = re.compile(r"\b([01]?\d|2[0-4])\s?[:.h]\s?([0-5]\d)\b")
_UNIT = (
    "h|am|pm|yrs?|yo|years?|ans?|anni|anno|mesi|mois|anos|anios|años|ani|luni|vjec|vjet|vjeçe?|muaj|"
    "euros?|eur|eu|e|saal|sal|bochor|bachi|лет|р|год|года|років|роки"
)
_GLUED = re.compile(rf"\b(\d+)({_UNIT})\b")
_GROUPED = re.compile(r"(?<=\d)[.,](?=\d{3}\b)")
_TOKEN = re.compile(
    r"\d{2}:\d{2}|[\u3400-\u9fff]|[\w\u0900-\u0dff\u1200-\u137f]+?(?=[\u3400-\u9fff])|[\w\u0900-\u0dff\u1200-\u137f]+|[?؟]|[^\w\s.,;:!'\"()\-–/«»]"
)
_JOINERS = re.compile("[\u200b-\u200d\u2060\ufe0e\ufe0f\u0640\u061c\u200e\u200f]")
_SYMBOLS = str.maketrans(
    {"€": " euro ", "؟": "?", "՞": "?", "'": " ", "’": " ", "`": " ", "´": " "}
)


def normalise(text: str) -> str:
    """``text`` in lower case, with one form for each letter, in ASCII digits; never raises."""
    plain = unicodedata.normalize("NFKC", _readable(text)).casefold()
    plain = _JOINERS.sub("", plain)
    plain = _CONTRACTION.sub("", _CYRILLIC_APOSTROPHE.sub("", plain))
    plain = "".join(_digit(c) for c in plain) if not plain.isascii() else plain
    plain = _TIME.sub(lambda found: f" {int(found[1]):02d}:{found[2]} ", plain)
    plain = _GROUPED.sub("", plain)
    plain = folded_letters(plain.translate(_SYMBOLS))
    return _REPEATED.sub(r"\1", _GLUED.sub(r"\1 \2", plain))


def tokens(text: str) -> list[str]:
    """The words, numbers, question marks and symbols of ``text``."""
    return _TOKEN.findall(normalise(text).replace("_", " "))


def words(text: str) -> tuple[str, ...]:
    """The tokens of a phrase of the lexicon, without its signs."""
    return tuple(token for token in tokens(text) if token[0].isalnum() or not token.isascii())


def variants(word: str) -> list[str]:
    """``word``, and what it is without what is glued to it: small words, a diminutive."""
    if len(word) < 4:
        return [word]
    if not is_abjad(word):
        small = _DIMINUTIVE.fullmatch(word)
        return [word, small[1] + small[2], small[1]] if small else [word]
    found = [word]
    for prefix in _ARABIC_PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= 3:
            found.append(word[len(prefix) :])
    return found


_DIMINUTIVE = re.compile(r"(\w{3,})(?:it|in|ett|ell|inh)([oaie])s?")
_ARABIC_PREFIXES = ("ال", "لل", "بال", "وال", "فال", "عال", "هال", "كال", "ل", "ب", "و", "ع", "ف")


def _readable(text: str) -> str:
    return text[:_LONGEST].encode("utf-8", "replace").decode("utf-8").replace("\x00", " ")


def _digit(c: str) -> str:
    if c.isascii() or not c.isdecimal():
        return c
    return str(unicodedata.decimal(c))
