"""Reports of our own errors to a Sentry-compatible server, only with ``SENTRY_DSN``.

What is reported is made here, piece by piece: which line of the log, which kind of error, in which
lines of the code. No values, no texts of errors, no requests, no breadcrumbs, no name of the
server: those may hold what a person wrote.
"""

import logging
import sys
from traceback import walk_tb
from types import TracebackType
from typing import Any

import sentry_sdk

from bot import tracing
from bot.logs import Redaction, secrets_of
from bot.settings import Settings

OURS = ("bot", "flows", "storage")
_CLOSE_SECONDS = 1.0
_AGAIN_SECONDS = 60.0


def start_reports(settings: Settings, roles: str) -> "Reports":
    """From now on each error in the log is reported, the same line at most once a minute."""
    client = sentry_sdk.Client(
        settings.sentry_dsn.get_secret_value(),
        default_integrations=False,
        auto_enabling_integrations=False,
        auto_session_tracking=False,
        send_client_reports=False,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        max_request_body_size="never",
        server_name="",
        before_send=lambda event, _: only_known(event),
    )
    reports = Reports(client, Redaction(secrets_of(settings)), roles)
    logging.getLogger().addHandler(reports)
    return reports


class Reports(logging.Handler):
    """Makes an event of a line of level ERROR."""

    def __init__(self, client: Any, redaction: Redaction, roles: str) -> None:
        super().__init__(logging.ERROR)
        self._client, self._redaction, self._roles = client, redaction, roles
        self._last: dict[tuple[str, int], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Hand it over; a thread of the library sends it. What goes wrong here breaks no turn."""
        place = (record.pathname, record.lineno)
        if record.created - self._last.get(place, float("-inf")) < _AGAIN_SECONDS:
            return
        self._last[place] = record.created
        try:
            self._client.capture_event(self._event(record))
        except Exception:
            self.handleError(record)

    def _event(self, record: logging.LogRecord) -> dict[str, Any]:
        ours = record.name.partition(".")[0] in OURS
        says = record.getMessage() if ours else "an error in a library"
        event: dict[str, Any] = {
            "level": "error",
            "logger": record.name,
            "message": self._redaction.clean(says),
            "tags": {"roles": self._roles, "trace": tracing.trace()},
        }
        kind, _, places = record.exc_info or sys.exc_info()
        if kind:
            event["exception"] = {"values": [described(kind, places)]}
        return event

    def end(self) -> None:
        """Send what waits, for a moment."""
        logging.getLogger().removeHandler(self)
        self._client.close(timeout=_CLOSE_SECONDS)


def described(kind: type[BaseException], places: TracebackType | None) -> dict[str, Any]:
    """The kind of an error and the lines it came through; not what it says."""
    frames = [
        {
            "module": frame.f_globals.get("__name__", ""),
            "function": frame.f_code.co_name,
            "lineno": line,
            "in_app": str(frame.f_globals.get("__name__", "")).partition(".")[0] in OURS,
        }
        for frame, line in walk_tb(places)
    ]
    return {"type": kind.__name__, "module": kind.__module__, "stacktrace": {"frames": frames}}


_KNOWN = ("event_id", "timestamp", "platform", "level", "logger", "message", "tags", "exception")


def only_known(event: Any) -> Any:
    """Without what the library adds by itself: its contexts, modules, the server."""
    return {name: event[name] for name in _KNOWN if name in event}
