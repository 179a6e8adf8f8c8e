"""What is counted while the assistant works; who counts is none of the worker's business."""

from typing import Protocol

from bot.channel import Failed


class Meter(Protocol):
    """Told of what happened, by channel. Never of whom."""

    def delivered(self, channel: str, seconds: float) -> None:
        """A delivery became durable so long after it arrived."""
        ...

    def turned(self, channel: str, seconds: float) -> None:
        """A turn was taken, and took so long."""
        ...

    def sent(self, channel: str) -> None:
        """A message was taken by the provider."""
        ...

    def failed(self, channel: str, failed: Failed) -> None:
        """A message was not."""
        ...

    def ticked(self, at: float) -> None:
        """The scheduler did what was due, at these seconds since 1970."""
        ...


class Unmeasured:
    """Counts nothing."""

    def delivered(self, channel: str, seconds: float) -> None:
        """See `Meter`."""

    def turned(self, channel: str, seconds: float) -> None:
        """See `Meter`."""

    def sent(self, channel: str) -> None:
        """See `Meter`."""

    def failed(self, channel: str, failed: Failed) -> None:
        """See `Meter`."""

    def ticked(self, at: float) -> None:
        """See `Meter`."""


UNMEASURED = Unmeasured()
