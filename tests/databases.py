"""A PostgreSQL database of one's own, or the reason why there is none."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

_SERVER = os.environ.get("TEST_POSTGRESQL", "host=127.0.0.1 port=5432 user=root dbname=postgres")


@contextmanager
def postgresql(made: str = "") -> Iterator[str]:
    """The URL of a new database, dropped afterwards. Skips without a server; fails in CI.

    ``made``: how, in the words of CREATE DATABASE.
    """
    name = f"sportello_{secrets.token_hex(6)}"
    try:
        server = psycopg.connect(_SERVER, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL here ({type(error).__name__})")
    with server:
        server.execute(f'CREATE DATABASE "{name}" {made}')
        info = server.info
        try:
            yield f"postgresql://{info.user}@{info.host}:{info.port}/{name}"
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
