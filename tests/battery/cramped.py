"""The program on a disk that is full while the file ``full`` lies beside its log (SQLite).

SQLite's own limit of pages says "full" exactly as a full disk does (https://sqlite.org/pragma.html#pragma_max_page_count).
"""

import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, event

from bot import runtime
from storage.database import open_database
from storage.key_file import Keys
from tests.brisk import main

_FULL = Path("full")


def open_cramped(url: str, keys: Keys | None = None) -> Engine:
    """As `open_database`; each connection looks whether there is room."""
    engine = open_database(url, keys)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "checkout")
        def limit(connection: Any, *_: object) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            most = pages if _FULL.exists() else 2**30
            connection.execute(f"PRAGMA max_page_count = {most}")

    return engine


if __name__ == "__main__":
    with patch.object(runtime, "open_database", open_cramped):
        sys.exit(main())
