"""The simulator over HTTP, health, limits: the real program, asked as a script would."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import select, text
from sqlmodel import col

from storage.database import open_database, reading
from storage.models import Address
from tests.server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("web")
    database = f"sqlite:///{folder / 'web.db'}"
    server = Server(
        folder / "server.log", {"DATABASE_URL": database, "DEMO": "1", "SIMULATOR": "1"}
    )
    server.cli("init")
    server.start()
    yield server
    assert server.stop()[0] == 0


def call(
    server: Server, path: str, body: object = None, **headers: str
) -> tuple[int, Any, dict[str, str]]:
    """Status, JSON (or text) and headers of an answer."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = Request(server.url + path, data=data, headers=headers)
    try:
        with urlopen(request, timeout=10) as answer:
            raw, status, found = answer.read(), answer.status, dict(answer.headers)
    except HTTPError as error:
        with error:
            raw, status, found = error.read(), error.code, dict(error.headers)
    try:
        return status, json.loads(raw), found
    except ValueError:
        return status, raw.decode(), found


def answer(server: Server, chat: str, body: object, query: str = "") -> dict[str, Any]:
    """What the bot says to this."""
    status, sent, _ = call(server, f"/simulator/{chat}/messages{query}", body)
    assert status == 202, sent
    path = f"/simulator/{chat}/messages{query}{'&' if query else '?'}after={sent['id']}"
    for _ in range(200):
        _, found, _ = call(server, path)
        said: list[dict[str, Any]] = [m for m in found["messages"] if m["from"] == "bot"]
        if said:
            return said[-1]
        time.sleep(0.03)
    raise AssertionError("no answer in six seconds")


def tap(message: dict[str, Any], key: str) -> dict[str, str]:
    """The tap on the option that ends so."""
    return {"tap": next(o["tap"] for o in message["options"] if o["tap"].endswith(f":{key}"))}


def test_a_conversation_by_script(server: Server) -> None:
    asked = answer(server, "script-1", {"text": "ciao"})
    assert {o["label"] for o in asked["options"]} >= {"Italiano", "English", "Français", "العربية"}
    arabic = answer(server, "script-1", tap(asked, "ar"))
    assert (arabic["language"], arabic["direction"]) == ("ar", "rtl")
    answer(server, "script-1", tap(arabic, "yes"))
    _, found, _ = call(server, "/simulator/script-1/messages?after=0")
    ids = [m["id"] for m in found["messages"]]
    assert ids == sorted(set(ids))
    assert found["messages"][0]["text"] == "ciao"
    assert found["messages"][2]["text"] == "العربية", "a tap is shown as its label"
    keys = {"id", "from", "text", "options", "language", "direction", "at"}
    assert all(keys <= set(message) for message in found["messages"])
    spoken = [m["direction"] for m in found["messages"] if m["from"] == "person"]
    assert spoken == ["ltr", "ltr", "rtl"]


def test_a_location_answers_for_the_town(server: Server) -> None:
    message = answer(server, "place", {"text": "hello"})
    for key in ("en", "yes", "25_34", "no", "_skip"):
        message = answer(server, "place", tap(message, key))
    answer(server, "place", {"location": [44.9370, 8.0660]})
    message = answer(server, "place", {"text": "my data"})
    assert "Monale" in message["text"]


def test_a_file_is_for_its_own_chat(server: Server) -> None:
    message = answer(server, "files", {"text": "hello"})
    answer(server, "files", tap(message, "en"))
    message = answer(server, "files", {"tap": "go:export"})
    path = f"files/{message['file']['letter']}"
    status, kept, headers = call(server, f"/simulator/files/{path}")
    assert status == 200
    assert kept["addresses"][0]["address"] == "files"
    assert headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert call(server, f"/simulator/others/{path}")[0] == 404
    assert call(server, f"/simulator/files/{path}?as=whatsapp")[0] == 404
    assert call(server, "/simulator/files/files/999999")[0] == 404
    assert call(server, "/simulator/files/files/x")[0] == 400


@pytest.mark.parametrize("channel", ["whatsapp", "telegram"])
def test_it_obeys_the_limits_of_another_channel(server: Server, channel: str) -> None:
    message = answer(server, "as", {"text": "ciao"}, f"?as={channel}")
    for key in ("it", "no", "25_34", "no"):
        message = answer(server, "as", tap(message, key), f"?as={channel}")
    if channel == "whatsapp":
        assert len(message["options"]) <= 10
        assert all(len(o["label"]) <= 24 for o in message["options"])
        assert len(message["text"]) <= 1600


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"text": 3}', 400),
        (b'{"text": ""}', 400),
        (b'{"location": [91, 0]}', 400),
        (b'{"location": ["a", 0]}', 400),
        (b'{"tap": ""}', 400),
        (b"[" * 100_000, 400),
        (b"\xff\xfe", 400),
        (b'{"text": "' + b"x" * 1_100_000 + b'"}', 413),
    ],
)
def test_bad_bodies_leave_no_trace(server: Server, body: bytes, status: int) -> None:
    found = call(server, "/simulator/bad/messages", body)
    assert found[0] == status
    assert call(server, "/simulator/bad/messages?after=0")[1] == {"messages": []}


@pytest.mark.parametrize(
    "path",
    [
        "/simulator/b%20d/messages?after=0",
        "/simulator/x/messages?after=-1",
        "/simulator/x/messages?after=1&as=fax",
        "/simulator/x/messages?after=99999999999999999999999",
    ],
)
def test_bad_addresses_are_refused(server: Server, path: str) -> None:
    assert call(server, path)[0] == 400


def test_other_files_are_not_served(server: Server) -> None:
    assert call(server, "/page/..%2F__init__.py")[0] == 404
    assert call(server, "/page/index.html")[0] == 404


def test_the_page_allows_nothing_from_elsewhere(server: Server) -> None:
    status, page, headers = call(server, "/")
    assert status == 200
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_every_word_of_the_page_in_every_language(server: Server) -> None:
    english = call(server, "/simulator/words?language=en")[1]
    for code in ("it", "fr", "ar"):
        words = call(server, f"/simulator/words?language={code}")[1]
        assert words["language"] == code
        assert words.keys() == english.keys()
        assert words["placeholder"] != english["placeholder"]


def test_events_stream_what_the_list_holds(server: Server) -> None:
    answer(server, "stream", {"text": "ciao"})
    listed = call(server, "/simulator/stream/messages?after=0")[1]["messages"]
    with urlopen(f"{server.url}/simulator/stream/events", timeout=5) as stream:
        lines = [stream.readline().decode() for _ in range(3 * len(listed))]
    streamed = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert streamed == listed


def test_health(server: Server) -> None:
    assert call(server, "/healthz")[0] == 200
    assert call(server, "/readyz")[:2] == (200, {"database": "ok", "simulator": "ok"})


def test_channels_without_credentials_have_no_webhook(server: Server) -> None:
    assert call(server, "/telegram/webhook", {"update_id": 1})[0] == 404
    assert call(server, "/whatsapp/webhook", b"Body=x")[0] == 404


def test_a_public_simulator_asks_for_its_password(tmp_path: Path) -> None:
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'x.db'}",
        "SIMULATOR": "1",
        "PUBLIC_URL": "https://sportello.example.org",
    }
    bare = Server(tmp_path / "bare.log", settings)
    with pytest.raises(RuntimeError, match="SIMULATOR_PASSWORD"):
        bare.start()
    guarded = Server(tmp_path / "guarded.log", {**settings, "SIMULATOR_PASSWORD": "sesamo!"})
    guarded.cli("init")
    guarded.start()
    try:
        assert call(guarded, "/")[0] == 401
        assert call(guarded, "/", Authorization="Basic eDp3cm9uZw==")[0] == 401
        assert call(guarded, "/", Authorization="Basic eDpzZXNhbW8h")[0] == 200
        assert call(guarded, "/simulator/x/messages?after=0")[0] == 401
        assert call(guarded, "/healthz")[0] == 200
    finally:
        guarded.stop()


def test_two_hundred_people_at_once_are_all_answered(server: Server) -> None:
    async def everybody() -> None:
        work = (
            asyncio.to_thread(answer, server, f"crowd{n}", {"text": "ciao"}) for n in range(200)
        )
        said = await asyncio.gather(*work)
        assert all(message["options"] for message in said)

    asyncio.run(everybody())
    engine = open_database(server._environment["DATABASE_URL"])
    with reading(engine).begin() as connection:
        found = connection.execute(select(col(Address.address))).scalars()
        assert sum(address.startswith("crowd") for address in found) == 200
    engine.dispose()


def test_a_database_fault_says_try_again_later(server: Server) -> None:
    engine = open_database(server._environment["DATABASE_URL"])
    path = "/simulator/fault-1/messages"
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE simulator_message RENAME TO away"))
    try:
        assert call(server, path, {"text": "ciao"})[0] == 503
        assert call(server, path)[0] == 503
    finally:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO simulator_message"))
        engine.dispose()
    assert call(server, path)[0] == 200
