"""The schedule as people read it: for the command line, the docs and their test."""

from datetime import timedelta

from storage.retention.rule import Rule
from storage.retention.schedule import INACTIVE, RULES, WITH_PERSON

Line = tuple[str, str, str, str, str]


def lines(inactive_months: int) -> list[Line]:
    """Key, what, how long, from when, why."""
    inactive = (INACTIVE.key, INACTIVE.what, f"{inactive_months} months", INACTIVE.since)
    return [(*inactive, INACTIVE.why), *(_line(rule) for rule in (*WITH_PERSON, *RULES))]


def length(keep: timedelta) -> str:
    """In the largest unit that fits."""
    days = keep.days
    if days >= 365 and days % 365 <= 1:
        years = days // 365
        return f"{years} year{'s' if years > 1 else ''}"
    return f"{days} days"


def _line(rule: Rule) -> Line:
    kept = length(rule.keep) if rule.keep else "as long"
    return (rule.key, rule.what, kept, rule.since, rule.why)
