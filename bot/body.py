"""Reading the body of a request, up to a limit, for as long as a slow network may take."""

import asyncio

from aiohttp import web
from aiohttp.http_exceptions import ContentEncodingError

MOST_BYTES = 1024 * 1024
MOST_SECONDS = 20.0
"""Providers wait 10 to 15 s for our answer: whoever takes longer to say something is none."""


async def read_body(request: web.Request) -> bytes:
    """The body; raises 413 past `MOST_BYTES`, also when no length was announced, 408 after
    `MOST_SECONDS`, and 400 when it is not encoded as it says.
    """
    pieces, size = [], 0
    try:
        async with asyncio.timeout(MOST_SECONDS):
            async for piece in request.content.iter_any():
                size += len(piece)
                if size > MOST_BYTES:
                    raise web.HTTPRequestEntityTooLarge(MOST_BYTES, size)
                pieces.append(piece)
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ContentEncodingError, web.RequestPayloadError):
        raise web.HTTPBadRequest from None
    return b"".join(pieces)
