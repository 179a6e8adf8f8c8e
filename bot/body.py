"""Reading the body of a request, up to a limit."""

from aiohttp import web

MOST_BYTES = 1024 * 1024


async def read_body(request: web.Request) -> bytes:
    """The body; raises 413 past `MOST_BYTES`, also when no length was announced."""
    pieces, size = [], 0
    async for piece in request.content.iter_any():
        size += len(piece)
        if size > MOST_BYTES:
            raise web.HTTPRequestEntityTooLarge(MOST_BYTES, size)
        pieces.append(piece)
    return b"".join(pieces)
