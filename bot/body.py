"""Reading the body of a request, up to a limit."""

from aiohttp import web
from aiohttp.http_exceptions import ContentEncodingError

MOST_BYTES = 1024 * 1024


async def read_body(request: web.Request) -> bytes:
    """The body; raises 413 past `MOST_BYTES`, also when no length was announced,
    and 400 when it is not encoded as it says.
    """
    pieces, size = [], 0
    try:
        async for piece in request.content.iter_any():
            size += len(piece)
            if size > MOST_BYTES:
                raise web.HTTPRequestEntityTooLarge(MOST_BYTES, size)
            pieces.append(piece)
    except (ContentEncodingError, web.RequestPayloadError):
        raise web.HTTPBadRequest from None
    return b"".join(pieces)
