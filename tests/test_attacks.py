"""Attacks of docs/security.md that no other test tries, and that each line there has its test."""

import ast
import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import typer
from aiohttp import web
from sqlalchemy import Engine, inspect, select
from sqlmodel import col

import admin_cli
import bot.body
from bot.channel import Letter, Received
from bot.runtime import Parts
from bot.telegram.render import draw
from bot.terminal import Dialogue, shown, typed
from bot.whatsapp.receive import parse
from bot.worker import Delivery, Worker
from flows.engine import Engine as FlowEngine
from flows.folding import clean
from flows.messages import Button, Inbound, Outbound
from storage.models import Address, Outbox, Ride, Ticket, TicketMessage
from tests.conftest import ROOT
from tests.test_cli import COMMANDS

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(test_\w+)\.py::(test_\w+)`", PAGE)))
EVIL = "<b>x</b> [a](tg://user?id=1) *_`{\"'; DROP TABLE contact;-- ${7*7} {0.__class__} %s"


@pytest.mark.parametrize(("module", "test"), NAMED)
def test_each_test_that_the_page_names_exists(module: str, test: str) -> None:
    [path] = ROOT.glob(f"tests/**/{module}.py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_line_of_the_page_names_a_test() -> None:
    table = PAGE.partition("## What is attacked")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")][2:]
    assert len(lines) >= 18
    assert [line for line in lines if "::test_" not in line] == []


# ── what comes in ───────────────────────────────────────────────────────────────────────────────


def test_a_slow_client_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.body, "MOST_SECONDS", 0.1)

    async def never_ends() -> Any:
        yield b"{"
        await asyncio.Event().wait()

    async def story() -> int:
        async def read(request: web.Request) -> web.Response:
            return web.Response(body=await bot.body.read_body(request))

        app = web.Application()
        app.add_routes([web.post("/", read)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        try:
            async with (
                asyncio.timeout(20),
                aiohttp.ClientSession() as session,
                session.post(url, data=never_ends()) as response,
            ):
                return response.status
        finally:
            await runner.cleanup()

    assert asyncio.run(story()) == 408


@pytest.mark.parametrize(
    "hidden",
    [
        "st\u200bop",
        "STO\u2060P",
        "S\u00adTOP",
        "\u202eSTOP\u202c",
        "\ufeffstop",
        "s\u0000top",
        "STOP\u180e",
    ],
)
def test_letters_nobody_sees_hide_no_word(flows: FlowEngine, hidden: str) -> None:
    assert flows.words.meaning(clean(hidden), "en") == "go:stop"


def test_what_scripts_need_stays() -> None:
    for needed in ("می\u200cخواهم", "👨\u200d👩\u200d👧", "\u200fعربي", "क्\u200dष"):
        assert clean(needed) == needed


# ── what people write is never code ─────────────────────────────────────────────────────────────


def _says(dialogue: Dialogue, *lines: str) -> str:
    said = [shown(*dialogue.say(typed(line, dialogue))) for line in lines]
    return "\n".join(line for answer in said for line in answer)


def test_words_of_people_are_no_sql_and_no_template(parts: Parts, engine: Engine) -> None:
    tables = set(inspect(engine).get_table_names())
    person = Dialogue(parts, "evil", hint="en")
    _says(person, "hi", "[en]", "[yes]", "[18_24]", "[no]")
    said = _says(person, EVIL, EVIL, "my data", EVIL)
    assert "49" not in said and "<class" not in said
    assert set(inspect(engine).get_table_names()) == tables
    with engine.begin() as connection:
        assert connection.execute(select(col(Address.address))).scalar_one().startswith("evil")


def test_nothing_to_telegram_is_markup() -> None:
    outbound = Outbound(EVIL, "en", kind="pick", buttons=(Button(EVIL[:24], "1:a"),))
    for call in draw(Letter(1, "telegram", "7", outbound)):
        assert "parse_mode" not in json.dumps(call.params, default=str)
        assert EVIL in call.params.get("text", EVIL)
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bot").rglob("*.py"))
    assert not re.search(r"parse_mode\s*=|\"parse_mode\"|ParseMode", code)


# ── what goes out ───────────────────────────────────────────────────────────────────────────────

_CALLERS = {
    "bot/telegram/request.py",  # TELEGRAM_API_BASE_URL
    "bot/whatsapp/channel.py",  # TWILIO_API_BASE_URL
    "bot/network.py",
}
_CLIENTS = re.compile(r"ClientSession\(|urlopen\(|urlretrieve\(|requests\.(get|post)|AsyncClient\(")


def _program() -> Iterator[Path]:
    for folder in ("bot", "flows", "storage"):
        yield from (ROOT / folder).rglob("*.py")
    yield ROOT / "admin_cli.py"


def test_only_channels_call_out() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in _program()
        if _CLIENTS.search(path.read_text(encoding="utf-8"))
    }
    assert found <= _CALLERS


def test_no_address_that_came_from_outside_is_kept() -> None:
    form = {
        "MessageSid": "SM1",
        "From": "whatsapp:+39333",
        "NumMedia": "1",
        "MediaUrl0": "http://169.254.169.254/latest/meta-data",
        "MediaContentType0": "image/png",
    }
    received = parse(form)
    assert received and received.inbound == Inbound(media="photo")
    assert "169.254" not in repr(received)
    code = "".join(path.read_text(encoding="utf-8") for path in _program())
    assert not re.search(r"MediaUrl|get_file\(|getFile|file_path", code)


def test_no_file_is_named_by_a_stranger() -> None:
    """Files for people have fixed names; what a link asks for is a number."""
    code = (ROOT / "bot" / "documents.py").read_text(encoding="utf-8")
    names = re.findall(r"File\(([^,]+),", code)
    assert names and all(re.fullmatch(r'"[a-z-]+\.[a-z]+"', name) for name in names)


def test_no_secret_is_typed_as_an_argument() -> None:
    """`ps` shows arguments to everybody: secrets come from .env, a file or a prompt."""
    assert isinstance(admin_cli.app, typer.Typer)
    options = {
        f"{' '.join(path)} {name}"
        for path, command in COMMANDS
        for parameter in command.params
        for name in (*parameter.opts, parameter.name or "")
        if re.search(r"pass|secret|token|key", name) and "key_file" not in name.replace("-", "_")
    }
    assert options == set()


# ── numbers that are guessed ────────────────────────────────────────────────────────────────────


def _walked(model: Any) -> list[str]:
    fields = {
        Ride: ("rides", "ride-move", "ride-cancel", "rides-yes"),
        Ticket: ("person", "person-read"),
    }
    return [f"{name}-{number}" for name in fields[model] for number in (1, 2)]


@pytest.mark.parametrize(
    "start", [*_walked(Ride), *_walked(Ticket), "searches-1", "searches-end_1"]
)
def test_a_guessed_start_shows_nothing_of_others(parts: Parts, engine: Engine, start: str) -> None:
    hers = Dialogue(parts, "hers", hint="en")
    _says(hers, "hi", "[en]", "[yes]", "[25_34]", "[no]", "Zoltanka")
    _says(hers, "person", "my landlord is called Krompachy")
    with engine.begin() as connection:
        words = connection.execute(select(col(TicketMessage.text))).scalars().all()
    assert any("Krompachy" in text for text in words), "there is something to be seen"
    stranger = Dialogue(parts, "stranger", hint="en")
    _says(stranger, "hi", "[en]", "[no]", "[25_34]", "[no]")
    said = _says(stranger, f"/start {start}", f"[go:{start}]", "1")
    assert "Zoltanka" not in said and "Krompachy" not in said


def test_replays_are_harmless_on_every_channel(parts: Parts, engine: Engine) -> None:
    worker = Worker(engine, parts.flows, parts.settings.zone, parts.now)
    for channel in ("telegram", "whatsapp", "simulator"):
        delivery = Delivery(Received(channel, "same", "a", Inbound("ciao")))
        for _ in range(3):
            worker.take([delivery])
    with engine.begin() as connection:
        rows = connection.execute(select(col(Outbox.channel)).order_by(col(Outbox.id))).scalars()
        assert list(rows) == ["telegram", "whatsapp", "simulator"]
