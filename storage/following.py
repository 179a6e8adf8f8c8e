"""Which message of a person is being worked on, so that what it leads to can be followed."""

from contextvars import ContextVar

following: ContextVar[int | None] = ContextVar("following", default=None)
"""Its number in the inbox; what is put into the outbox meanwhile keeps it."""
