"""The program without its protection: what a crash hid is sent again, whatever it is.

Only for `test_sending_crash`: it proves that the test would notice.
"""

import sys
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, update
from sqlmodel import col

from storage import outbox
from storage.models import Outbox
from tests.brisk import main


def forget(connection: Connection, *_: Any) -> int:
    """All that was on its way is queued once more."""
    again = update(Outbox).where(col(Outbox.status) == "sending").values(status="queued")
    return connection.execute(again).rowcount


if __name__ == "__main__":
    with patch.object(outbox, "sweep", forget):
        code = main()
    sys.exit(code)
