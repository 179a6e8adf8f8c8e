"""What both providers' clients share: what surely never left, what nobody knows, and no URLs."""

import asyncio
from collections.abc import Callable

import pytest

from bot.channel import Failed, Problem
from bot.network import Connections, explained
from tests.server import free_port

SECRET = "hunter2"


class NotSentError(Exception):
    """Stands for a provider's own."""


class LostError(Exception):
    """Stands for a provider's own."""


def failing(answer: bytes, *, closed: bool = False, nobody: bool = False) -> Exception:
    """What a call raises when the server answers so, and then hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async def story() -> Exception:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = free_port() if nobody else server.sockets[0].getsockname()[1]
        connections = Connections(NotSentError, LostError)
        if closed:
            await connections.close()
        try:
            with pytest.raises((NotSentError, LostError)) as caught:
                await connections.call("POST", f"http://127.0.0.1:{port}/{SECRET}", 5)
        finally:
            await connections.close()
            server.close()
        return caught.value

    return asyncio.run(story())


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (lambda: failing(b"", closed=True), NotSentError),
        (lambda: failing(b"", nobody=True), NotSentError),
        (lambda: failing(b""), LostError),
        (lambda: failing(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), LostError),
    ],
)
def test_what_is_raised_says_what_happened_and_holds_no_url(
    told: Callable[[], Exception], kind: type[Exception]
) -> None:
    error = told()
    assert type(error) is kind
    assert error.__context__ is None and SECRET not in repr(error)


def test_closed_connections_can_be_used_again() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    async def story() -> tuple[int, bytes]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        connections = Connections(NotSentError, LostError)
        await connections.close()
        connections.reopen()
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        status, _, body = await connections.call("GET", url, 5)
        await connections.close()
        server.close()
        return status, body

    assert asyncio.run(story()) == (200, b"ok")


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem.CREDENTIALS, "Telegram does not accept the token"),
        (Problem.NOT_SENT, "Telegram cannot be reached (42): check the network"),
        (Problem.BUSY, "Telegram is busy: try again later"),
        (Problem.HIDDEN, "Telegram does not answer as it should (42)"),
    ],
)
def test_what_an_operator_reads(problem: Problem, line: str) -> None:
    assert explained("Telegram", "the token", Failed(problem, "42")) == line
