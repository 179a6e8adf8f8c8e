"""What an offer consists of: the columns of the operators' sheets, one table for every use.

The words follow public vocabularies where they fit:

- schema.org ``JobPosting``: title, summary (``description``), organisation
  (``hiringOrganization``), comune and address (``jobLocation``), contract (``employmentType``),
  pay (``baseSalary``), hours (``workHours``), experience (``experienceRequirements``),
  valid_until (``validThrough``).
- Open Referral HSDS 3.0 ``service``: who (``eligibility_description``), bring
  (``required_document``), age_min and age_max (``minimum_age``, ``maximum_age``), places
  (``service_capacity``), hours (``schedule``: ``byday``, ``opens_at``, ``closes_at``), price
  (``cost_option``), checked_on and checked_by (``assured_date``, ``assurer_email``: here a name).
- comuni: ISTAT codes; levels of Italian: the CEFR's.
"""

from dataclasses import dataclass
from functools import cache

from flows.desk import TOPICS

STATUSES = ("draft", "published", "paused", "closed")
TRANSLATED = ("title", "summary", "bring", "who")
"""The fields that are words, written in Italian and translated."""

SECTORS = (
    "agriculture",
    "construction",
    "cleaning",
    "care",
    "hospitality",
    "logistics",
    "manufacturing",
    "mechanics",
    "retail",
    "crafts",
    "green",
    "office",
)
_LEVELS = ("A0", "A1", "A2", "B1", "B2", "C1")


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name, what may stand in it (`storage.content.cells`), and a word of help."""

    name: str
    kind: str
    help: str
    choices: tuple[str, ...] = ()
    needed: bool = False


COMMON = (
    Field("id", "id", "a short name, never changed: a-z, 0-9 and _", needed=True),
    Field("topic", "choice", "what kind of offer it is", TOPICS, needed=True),
    Field("title", "words", "what it is, in Italian, 60 letters at most", needed=True),
    Field("summary", "words", "two or three plain sentences in Italian"),
    Field("organisation", "text", "employer, owner, school or office", needed=True),
    Field("comune", "comune", "official name of the comune", needed=True),
    Field("address", "text", "street and number"),
    Field("phone", "phone", "whom to call", needed=True),
    Field("email", "email", "whom to write to"),
    Field("bring", "words", "what to bring, in Italian, separated by ;"),
    Field("who", "words", "who may have it, in Italian"),
    Field("places", "whole", "how many places are left"),
    Field("valid_from", "day", "first day to show it; empty: today"),
    Field("valid_until", "day", "last day to show it", needed=True),
    Field("checked_on", "day", "when somebody last made sure that it is true", needed=True),
    Field("checked_by", "text", "who made sure", needed=True),
    Field("source", "text", "where it comes from: phone, visit, email, partner …"),
    Field("status", "choice", "draft is not shown, published is", STATUSES, needed=True),
)

_HOURS = Field("hours", "hours", "days and times: mon-fri 08:00-12:00; sat 09:00-11:00")
_ITALIAN = Field("italian", "choice", "level of Italian that is needed; A0: none", _LEVELS)
_AGES = (
    Field("age_min", "whole", "youngest age in years"),
    Field("age_max", "whole", "oldest age in years"),
)
_SECTOR = Field("sector", "choice", "kind of work", SECTORS)
_PRICE = Field("price", "money", "euro, 0 for free")

DETAILS: dict[str, tuple[Field, ...]] = {
    "job": (
        Field("sector", "choice", "kind of work", SECTORS, needed=True),
        Field(
            "contract",
            "choice",
            "kind of contract",
            ("seasonal", "fixed_term", "permanent", "part_time", "apprenticeship"),
        ),
        _HOURS,
        Field("hours_week", "whole", "hours a week"),
        Field("pay_min", "money", "euro, lowest"),
        Field("pay_max", "money", "euro, highest"),
        Field("pay_unit", "choice", "what the pay is for", ("hour", "day", "month")),
        _ITALIAN,
        Field("licence", "choice", "driving licence that is needed", ("B", "C", "CQC")),
        Field(
            "experience",
            "choice",
            "experience needed; years: 3 or more",
            ("none", "some", "year", "years2", "years"),
        ),
        Field("trained", "yes_no", "yes: one learns it there"),
        *_AGES,
        Field("ride", "yes_no", "yes: they bring people to work"),
        Field("lodging", "yes_no", "yes: one can sleep there"),
        Field("starts_on", "day", "first day of work"),
    ),
    "training": (
        Field("kind", "choice", "what it is", ("course", "workshop", "internship"), needed=True),
        _SECTOR,
        Field("starts_on", "day", "first day"),
        Field("ends_on", "day", "last day"),
        _HOURS,
        Field("cost", "money", "euro, 0 for free"),
        Field("allowance", "money", "euro a month for who takes part"),
        _ITALIAN,
        *_AGES,
        Field("neet", "yes_no", "yes: for people who neither work nor study"),
        Field("childcare", "yes_no", "yes: children are looked after meanwhile"),
    ),
    "housing": (
        Field("kind", "choice", "what it is", ("bed", "room", "flat", "house"), needed=True),
        Field("rent", "money", "euro a month", needed=True),
        Field("expenses", "money", "euro a month beside the rent"),
        Field("rooms", "whole", "rooms"),
        Field("people_max", "whole", "for how many people"),
        Field("furnished", "yes_no", "yes: with furniture"),
        Field("deposit_months", "whole", "deposit in months of rent"),
        Field("available_from", "day", "free from this day"),
        Field("near", "list", "what is near", ("bus", "train", "school", "shops")),
    ),
    "transport": (
        Field(
            "kind",
            "choice",
            "what it is",
            ("social_taxi", "bus", "train", "ride_share", "bike"),
            needed=True,
        ),
        Field("area", "comuni", "the comuni it serves, separated by |"),
        _HOURS,
        _PRICE,
        Field("notice_hours", "whole", "hours before that one must book"),
    ),
    "childcare": (
        Field(
            "kind",
            "choice",
            "what it is",
            ("nursery", "kindergarten", "after_school", "home_sitter", "elder_care"),
            needed=True,
        ),
        Field("age_min_months", "whole", "youngest age in months"),
        Field("age_max_months", "whole", "oldest age in months"),
        _HOURS,
        _PRICE,
        Field("price_unit", "choice", "what the price is for", ("hour", "day", "month")),
    ),
    "community": (
        Field(
            "kind",
            "choice",
            "what it is",
            ("trail", "walk", "event", "workshop", "volunteering"),
            needed=True,
        ),
        Field("on", "day", "the day, when it is one day"),
        _HOURS,
        _PRICE,
    ),
    "service": (
        Field("kind", "choice", "what it is", ("desk", "office", "class"), needed=True),
        _HOURS,
        _PRICE,
    ),
}

NOT_BEFORE = (
    ("valid_from", "valid_until"),
    ("starts_on", "ends_on"),
    ("pay_min", "pay_max"),
    ("age_min", "age_max"),
    ("age_min_months", "age_max_months"),
)
"""Pairs of fields whose second must not be less than the first."""


@cache
def fields_of(topic: str) -> dict[str, Field]:
    """Every field of a topic by name, the common ones first. Raises KeyError: no such topic."""
    return {field.name: field for field in (*COMMON, *DETAILS[topic])}


@cache
def all_fields() -> dict[str, Field]:
    """Every field of any topic by name, for a sheet of all topics."""
    return {name: field for topic in DETAILS for name, field in fields_of(topic).items()}
