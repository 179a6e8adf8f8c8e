"""The program with a lease of three seconds, so that a test need not wait for an operator's 40.

Only for processes that tests kill: a send that takes longer would count as lost.
"""

import sys
from unittest.mock import patch

from bot import __main__ as program
from bot.settings import Settings, load_settings

LEASE_SECONDS = 3


def brisk_settings() -> Settings:
    """The settings of this process, but for the lease, which no variable makes so short."""
    settings = load_settings()
    settings.send_lease_seconds = LEASE_SECONDS
    return settings


def main() -> int:
    """As ``python -m bot``."""
    with patch.object(program, "load_settings", brisk_settings):
        return program.main()


if __name__ == "__main__":
    sys.exit(main())
