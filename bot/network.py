"""What both providers' clients share: how long they wait, and which errors mean "never left"."""

import aiohttp

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 20.0
MOST_CONNECTIONS = 100

# Raised before the first byte of a request was written: surely nothing was sent.
NEVER_LEFT = (
    aiohttp.ClientConnectorError,  # no address, refused, TLS failed
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ConnectionTimeoutError,  # while connecting or waiting for a free connection
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)
