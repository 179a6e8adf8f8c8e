"""A question without what tells who asked it: numbers, addresses, names."""

import re
from collections.abc import Callable

LEFT_OUT = "…"
_MAIL_OR_LINK = re.compile(r"\S*(?:@|://|www\.)\S*")
_NUMBERS = re.compile(r"[+(]?\d[\d\s./()-]*")
_CUES = (
    "mi chiamo", "sono la signora", "sono il signor", "il mio nome è", "my name is", "i am called",
    "je m'appelle", "me llamo", "mi nombre es", "meu nome é", "chamo me", "mă numesc", "numele meu",
    "quhem", "më quajnë", "мене звати", "меня зовут", "اسمي", "أنا اسمي", "ismi", "میرا نام",
    "mera naam", "mera nam", "मेरा नाम", "ਮੇਰਾ ਨਾਮ", "আমার নাম", "amar nam", "نام من", "esm man",
    "abitiamo in via", "abito in via", "via", "viale", "corso", "piazza", "street", "rue",
)  # fmt: skip
_LONGEST_FIRST = "|".join(map(re.escape, sorted(_CUES, key=len, reverse=True)))
_AFTER_CUE = re.compile(rf"(?<!\w)({_LONGEST_FIRST})((?:\s+\S+){{1,2}})", re.IGNORECASE)
_CAPITALISED = re.compile(r"(?<=\S\s)([^\W\d_]\w+)")


def scrub(text: str, is_place: Callable[[str], object]) -> str:
    """``text`` with mail addresses, links, numbers of three digits and more, what follows "my
    name is" or "via", and capitalised words that name no comune (``is_place``) left out.
    """
    text = _MAIL_OR_LINK.sub(LEFT_OUT, text)
    text = _NUMBERS.sub(_number, text)
    text = _AFTER_CUE.sub(rf"\1 {LEFT_OUT}", text)
    return _CAPITALISED.sub(lambda found: _word(found.group(), is_place), text)


def _number(match: "re.Match[str]") -> str:
    found = match.group()
    return found if sum(c.isdigit() for c in found) < 3 else f"{LEFT_OUT} "


def _word(word: str, is_place: Callable[[str], object]) -> str:
    return word if not word[0].isupper() or is_place(word) else LEFT_OUT
