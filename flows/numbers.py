"""The number of something of ours, as a start names it."""

_MOST_DIGITS = 18  # what a database can count


def is_number(text: str) -> bool:
    """Whether it may be one: whoever makes a link up may write anything."""
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
