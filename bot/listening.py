"""Opening a port, or saying in one line why that does not go."""

import errno
import socket

from aiohttp import web

_NO_ADDRESS = ("HOST", "no address of this machine")
_UNUSABLE = {socket.EAI_NONAME: _NO_ADDRESS, errno.EADDRNOTAVAIL: _NO_ADDRESS}


class NotReadyError(Exception):
    """The program cannot start; one line says what to do."""


async def listen(app: web.Application, host: str, port: int, setting: str) -> web.AppRunner:
    """A server on that address; ``setting``_HOST and _PORT name it. Raises NotReadyError."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        name, reason = _UNUSABLE.get(error.errno or 0, ("PORT", "in use or not allowed"))
        raise NotReadyError(
            f"{setting}_{name}: {host}:{port} is {reason} ({error.errno})"
        ) from None
    return runner
