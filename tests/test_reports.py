"""Error reports reach a Sentry-compatible server, and hold nothing of anybody."""

import gzip
import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr

from bot.reports import Reports, start_reports
from bot.settings import Settings
from storage.following import following

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
PASSWORD = "staple-battery-horse"
NAME, CHAT, WORDS = "Fatoumata-Marker", "chat-7788", "cerco-casa-a-Settime"
MARKS = (TOKEN, PASSWORD, NAME, CHAT, WORDS, "db.example.org")


class Collector:
    """A server that keeps what it is sent."""

    def __init__(self) -> None:
        bodies: list[bytes] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                coding = self.headers.get("Content-Encoding", "")
                bodies.append(gzip.decompress(body) if coding == "gzip" else body)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: Any) -> None: ...

        self.bodies = bodies
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def events(self) -> list[dict[str, Any]]:
        """Every line of every envelope that is an event."""
        lines = [json.loads(x) for body in self.bodies for x in body.splitlines() if x]
        return [line for line in lines if "level" in line]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.stop()


@pytest.fixture
def reports(collector: Collector) -> Iterator[Reports]:
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None,
        telegram_bot_token=SecretStr(TOKEN),
        database_url=SecretStr(f"postgresql://desk:{PASSWORD}@db.example.org/x"),
        sentry_dsn=SecretStr(f"http://key@127.0.0.1:{collector.port}/1"),
    )
    reports = start_reports(settings, "web,worker")
    yield reports
    reports.end()


def fail(name: str) -> None:
    """Raises with everything in reach that must not be reported."""
    words = {"text": WORDS, "chat": CHAT, "token": TOKEN}
    try:
        raise KeyError(name)
    except KeyError as error:
        raise ValueError(f"{words} of {name}: {PASSWORD}") from error


def test_an_error_is_reported_without_anybodys_words(
    collector: Collector, reports: Reports
) -> None:
    before = following.set(812)
    try:
        fail(NAME)
    except ValueError:
        logging.getLogger("bot.worker").error("message %d failed, token %s", 812, TOKEN)
    following.reset(before)
    reports.end()
    [event] = collector.events()
    assert event["message"] == "message 812 failed, token [hidden]"
    assert event["tags"] == {"roles": "web,worker", "trace": 812}
    [error] = event["exception"]["values"]
    assert error["type"] == "ValueError" and error.get("value") in (None, "")
    assert [frame["function"] for frame in error["stacktrace"]["frames"]][-1] == "fail"
    assert event.keys() <= {
        *("event_id", "timestamp", "platform", "level", "logger", "message", "tags", "exception"),
    }
    assert_nothing_of_anybody(collector)


def assert_nothing_of_anybody(collector: Collector) -> None:
    sent = b"\n".join(collector.bodies).decode()
    for mark in MARKS:
        assert mark not in sent
    for word in ("vars", "breadcrumbs", "request", "user", "server_name", "context_line"):
        assert f'"{word}"' not in sent


def test_what_a_library_says_is_not_repeated(collector: Collector, reports: Reports) -> None:
    logging.getLogger("asyncio").info("%s", WORDS)
    try:
        fail(NAME)
    except ValueError:
        logging.getLogger("asyncio").exception("Task %s was never retrieved: %s", NAME, WORDS)
    reports.end()
    [event] = collector.events()
    assert event["message"] == "an error in a library" and event["logger"] == "asyncio"
    assert_nothing_of_anybody(collector)


def test_the_same_line_once_a_minute(collector: Collector, reports: Reports) -> None:
    log = logging.getLogger("bot.sender")
    for _ in range(50):
        log.error("sender: %s", "OperationalError")
    log.error("another line")
    log.warning("no error")
    reports.end()
    assert sorted(event["message"] for event in collector.events()) == [
        "another line",
        "sender: OperationalError",
    ]


def test_with_the_librarys_own_ways_the_marks_would_be_there(collector: Collector) -> None:
    """What the test would notice: the same error, reported as the library does by itself."""
    import sentry_sdk  # noqa: PLC0415 (only here)

    client = sentry_sdk.Client(
        f"http://key@127.0.0.1:{collector.port}/1",
        default_integrations=False,
        auto_session_tracking=False,
    )
    try:
        fail(NAME)
    except ValueError as error:
        event, hint = sentry_sdk.utils.event_from_exception(error, client.options)
        client.capture_event(event, hint)
    client.close(timeout=5)
    sent = b"\n".join(collector.bodies).decode()
    assert NAME in sent and WORDS in sent
