"""The roles as processes of their own on one database, and the clean stop."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from storage.database import open_database, reading
from tests.databases import postgresql
from tests.loopback.telegram import LoopbackTelegram
from tests.server import Server
from tests.storm import PEOPLE, TOKEN, UPDATES, Found, judge, known, settings, talk, until_quiet

BRISK = "tests.brisk"


def test_each_role_in_its_own_processes(database: str, tmp_path: Path) -> None:
    found, log = asyncio.run(_apart(database, tmp_path))
    assert found == Found(lost=0, unanswered=0, repeated=0, unflagged=0, disordered=0)
    assert "locked" not in log
    assert "ERROR" not in log


@pytest.mark.parametrize("mode", ["webhook", "polling"])
def test_sigterm_under_load_stops_cleanly(mode: str, database: str, tmp_path: Path) -> None:
    found, code, seconds = asyncio.run(_stopped(mode, database, tmp_path))
    assert found == Found(lost=0, unanswered=0, repeated=0, unflagged=0, disordered=0)
    assert code == 0
    assert seconds < 10


def test_sigterm_while_the_provider_says_nothing(database: str, tmp_path: Path) -> None:
    statuses, code, seconds = asyncio.run(_stopped_hanging(database, tmp_path))
    assert code == 0 and seconds < 10
    assert statuses == {"unknown": 10}


def test_sigterm_while_the_database_is_stuck(database: str, tmp_path: Path) -> None:
    code, seconds, log = _stopped_stuck(database, tmp_path, "bot")
    assert code == 1 and seconds < 10
    assert log.count("not stopped after 9 s: ended with work in hand") == 1
    assert "Traceback" not in log


def test_without_the_deadline_a_stuck_database_holds_it_up(tmp_path: Path) -> None:
    with postgresql() as url:
        code, seconds, _ = _stopped_stuck(url, tmp_path, "tests.patient")
    assert code == -9 and seconds > 10


def test_a_sender_that_breaks_ends_the_program_with_one_line(tmp_path: Path) -> None:
    chosen = {"DATABASE_URL": f"sqlite:///{tmp_path / 'x.db'}", "SIMULATOR": "1"}
    server = Server(tmp_path / "server.log", chosen, "tests.broken")
    server.cli("init")
    server.start("sender")
    assert server.ended() == 1
    [line] = [line for line in server.log.read_text().splitlines() if " INFO " not in line]
    assert "stopping: sender broke: ZeroDivisionError at" in line


def _stopped_stuck(database: str, folder: Path, module: str) -> tuple[int, float, str]:
    """SIGTERM while somebody else holds what the sender's statement waits for."""
    log = folder / "server.log"
    server = Server(log, {"DATABASE_URL": database, "SIMULATOR": "1"}, module)
    server.cli("init")
    server.start()
    engine = open_database(database)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE"))
            time.sleep(1)  # the sender asks four times a second
            code, seconds = server.stop()
        return code, seconds, log.read_text()
    finally:
        engine.dispose()
        server.stop()


def test_one_of_two_polls_and_the_other_takes_over(database: str, tmp_path: Path) -> None:
    conflicts, seen = asyncio.run(_taken_over(database, tmp_path))
    assert conflicts == 0
    assert seen == {8001, 8002}


async def _stopped_hanging(database: str, folder: Path) -> tuple[dict[str, int], int, float]:
    """SIGTERM with ten sends that Telegram never answers, and three uploads that stop halfway."""
    telegram = LoopbackTelegram(TOKEN)
    await telegram.start()
    server = Server(folder / "server.log", settings(database, telegram, "polling"), BRISK)
    telegram.hang("setMyCommands")
    server.cli("init")
    await asyncio.to_thread(server.start)
    engine = open_database(database)
    try:
        for chat in range(9001, 9011):
            telegram.hang("sendMessage")
            telegram.push(telegram.said(chat, "ciao"))
        await _until(lambda: _statuses(engine) == {"sending": 10})
        halves = [await _half_an_upload(server.port) for _ in range(3)]
        code, seconds = await asyncio.to_thread(server.stop)
        for writer in halves:
            writer.close()
        return _statuses(engine), code, seconds
    finally:
        engine.dispose()
        server.stop()
        await telegram.stop()


async def _taken_over(database: str, folder: Path) -> tuple[int, set[int]]:
    """Two web processes, the first is killed: conflicts that were seen, and who was answered."""
    telegram = LoopbackTelegram(TOKEN)
    await telegram.start()
    chosen = settings(database, telegram, "polling")
    servers = [Server(folder / f"{n}.log", chosen, BRISK) for n in range(2)]
    servers[0].cli("init")
    for server in servers:
        await asyncio.to_thread(server.start)
    try:
        telegram.push(telegram.said(8001, "ciao"))
        await _until(lambda: {m.chat_id for m in telegram.messages} == {8001})
        servers[0].kill()
        telegram.push(telegram.said(8002, "ciao"))
        await _until(lambda: {m.chat_id for m in telegram.messages} == {8001, 8002})
        logs = "".join(server.log.read_text() for server in servers)
        return logs.count("another process polls"), {m.chat_id for m in telegram.messages}
    finally:
        for server in servers:
            server.stop()
        await telegram.stop()


async def _half_an_upload(port: int) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "POST /telegram/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    writer.write(head.encode())
    await writer.drain()
    return writer


async def _until(wanted: Callable[[], bool]) -> None:
    async with asyncio.timeout(40):
        while not wanted():
            await asyncio.sleep(0.1)


def _statuses(engine: Engine) -> dict[str, int]:
    query = text("SELECT status, count(*) FROM outbox GROUP BY status")
    with reading(engine).begin() as connection:
        return {str(status): int(n) for status, n in connection.execute(query)}


async def _apart(database: str, folder: Path) -> tuple[Found, str]:
    """One web, two workers, two senders, one scheduler."""
    telegram = LoopbackTelegram(TOKEN)
    await telegram.start()
    chosen = settings(database, telegram, "webhook")
    log = folder / "server.log"
    servers = [Server(log, chosen, BRISK) for _ in range(6)]
    servers[0].cli("init")
    for server, role in zip(
        servers, ("web", "worker", "worker", "sender", "sender", "scheduler"), strict=True
    ):
        await asyncio.to_thread(server.start, role)
    engine = open_database(database)
    try:
        await known(telegram, "webhook")
        people = range(6001, 6001 + PEOPLE)
        await asyncio.wait_for(asyncio.gather(*(talk(telegram, c, "webhook") for c in people)), 60)
        await until_quiet(engine, telegram)
        return judge(engine, telegram, UPDATES), log.read_text()
    finally:
        engine.dispose()
        for server in servers:
            server.stop()
        await telegram.stop()


async def _stopped(mode: str, database: str, folder: Path) -> tuple[Found, int, float]:
    """SIGTERM in the middle; then another process finishes what waits."""
    telegram = LoopbackTelegram(TOKEN)
    await telegram.start()
    server = Server(folder / "server.log", settings(database, telegram, mode), BRISK)
    server.cli("init")
    await asyncio.to_thread(server.start)
    engine = open_database(database)
    try:
        await known(telegram, mode)
        people = range(7001, 7001 + PEOPLE)
        talking = [asyncio.create_task(talk(telegram, chat, mode)) for chat in people]
        await asyncio.sleep(0.7)
        code, seconds = await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        await asyncio.wait_for(asyncio.gather(*talking), 60)
        await until_quiet(engine, telegram)
        return judge(engine, telegram, UPDATES), code, seconds
    finally:
        engine.dispose()
        server.stop()
        await telegram.stop()
