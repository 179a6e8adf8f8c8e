"""Scripts: which one a word is in, one form for its letters, and how it sounds in Latin letters.

What a word sounds like makes one word of ``kamra``, ``kamraa``, کمرہ and कमरा, and of ``khdma``
and ``5edma``.
"""

import re
import unicodedata
from functools import lru_cache

_RANGES = (
    ("Cyrl", "\u0400", "\u052f"),
    ("Arab", "\u0600", "\u06ff"),
    ("Arab", "\u0750", "\u077f"),
    ("Deva", "\u0900", "\u097f"),
    ("Beng", "\u0980", "\u09ff"),
    ("Guru", "\u0a00", "\u0a7f"),
    ("Ethi", "\u1200", "\u139f"),
    ("Hans", "\u3400", "\u9fff"),
    ("Grek", "\u0370", "\u03ff"),
    ("Geor", "\u10a0", "\u10ff"),
    ("Taml", "\u0b80", "\u0bff"),
    ("Sinh", "\u0d80", "\u0dff"),
)
_ONE_FORM = str.maketrans(
    dict(zip("أإآٱىیکةۃہھؤئےںۀ", "ااااييكههههوييني", strict=True))
    | dict(zip("ёўґєıøđłəßœæñ", "еугєіodləsoan", strict=True))
    | {"\u093c": "", "\u09bc": "", "\u0a3c": "", "\u0901": "\u0902", "\u0981": "\u0982"}
    | {"\u0a70": "\u0a02", "\u0a71": "", "ı": "i", "ß": "ss", "œ": "oe", "æ": "ae", "ё": "е"}
)
_LATIN_MARK = re.compile("(?<=[a-z\u0300-\u036f])[\u0300-\u036f]")
_ARABIC_MARKS = re.compile("[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]")


def script_of(text: str) -> str:
    """The script (ISO 15924) most letters of ``text`` are in; ``Latn`` when there are none."""
    counts: dict[str, int] = {}
    for c in text:
        if c.isalpha():
            script = _script(c)
            counts[script] = counts.get(script, 0) + 1
    return max(counts, key=lambda script: counts[script]) if counts else "Latn"


def is_abjad(word: str) -> bool:
    """Whether the word is in Arabic letters."""
    return "\u0600" <= word[:1] <= "\u06ff"


def folded_letters(text: str) -> str:
    """``text`` without accents on Latin letters, vowel signs on Arabic ones, and variants."""
    if text.isascii():
        return text
    plain = _LATIN_MARK.sub("", unicodedata.normalize("NFD", text))
    plain = unicodedata.normalize("NFC", _ARABIC_MARKS.sub("", plain))
    return plain.translate(_ONE_FORM)


@lru_cache(maxsize=20_000)
def sound(word: str) -> str:
    """Roughly how ``word`` sounds, in Latin letters, however it is spelt."""
    if word[:1].isdigit() and word[-1:].isdigit():
        return word
    latin = _latin(word)
    for pattern, to in _SAME_SOUND:
        latin = pattern.sub(to, latin)
    return latin or word


def consonants(sounded: str) -> str:
    """The consonants of what `sound` returned: what is left when vowels are dropped."""
    return re.sub("[aiu]", "", sounded)


_SAME_SOUND = [
    (re.compile(pattern), to)
    for pattern, to in (
        ("ou|oo|o|w(?![aeiouy])", "u"),
        ("ee|ie?|y|e", "i"),
        ("sc?h|ş|š", "S"),
        ("tch|ch|č|ç", "C"),
        ("kh|x|ck|qu|q|c", "k"),
        ("gh", "g"),
        ("ph", "f"),
        ("w", "v"),
        ("z", "s"),
        ("(?<=[^aiu])h", ""),
        (r"(.)\1+", r"\1"),
        ("h", ""),
        (r"(.)\1+", r"\1"),
        ("(?<=..)[aiu]+$", ""),
    )
]
_CYRILLIC = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєјљњќѓџѕў",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "zh",
            "z",
            "i",
            "i",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "h",
            "ts",
            "ch",
            "sh",
            "sh",
            "-",
            "i",
            "-",
            "e",
            "yu",
            "ya",
            "i",
            "yi",
            "ye",
            "y",
            "ly",
            "ny",
            "ky",
            "gy",
            "dzh",
            "dz",
            "u",
        ],
        strict=True,
    )
)
_ARABIC = dict(
    zip(
        "ابپتٹثجچحخدڈذرڑزژسشصضطظعغفقكگلمنوهيءئؤ",
        [
            "a",
            "b",
            "p",
            "t",
            "t",
            "s",
            "j",
            "ch",
            "h",
            "kh",
            "d",
            "d",
            "z",
            "r",
            "r",
            "z",
            "zh",
            "s",
            "sh",
            "s",
            "d",
            "t",
            "z",
            "a",
            "gh",
            "f",
            "q",
            "k",
            "g",
            "l",
            "m",
            "n",
            "w",
            "h",
            "y",
            "-",
            "-",
            "-",
        ],
        strict=True,
    )
)
_CHAT_DIGITS = str.maketrans(
    {"2": "", "3": "a", "5": "kh", "6": "t", "7": "h", "8": "gh", "9": "q"}
)


def _latin(word: str) -> str:
    if word.isascii():
        mixed = not word.isdigit() and any(c.isdigit() for c in word)
        return word.translate(_CHAT_DIGITS) if mixed else word
    return "".join(_spelt(c) for c in word)


@lru_cache(maxsize=4096)
def _spelt(c: str) -> str:
    if c.isascii():
        return c
    if known := _CYRILLIC.get(c) or _ARABIC.get(c):
        return known.replace("-", "")
    name = unicodedata.name(c, "")
    if name.endswith(("LETTER CA", "LETTER CHA")):
        return "ch"
    if "SYLLABLE" in name:
        return name.rpartition(" ")[2].lower()
    if "LETTER" in name or "VOWEL SIGN" in name:
        return name.rpartition(" ")[2].lower() if len(name.rpartition(" ")[2]) < 5 else ""
    return "n" if name.endswith(("ANUSVARA", "BINDI", "CANDRABINDU")) else ""


@lru_cache(maxsize=4096)
def _script(c: str) -> str:
    return next((script for script, low, high in _RANGES if low <= c <= high), "Latn")
