"""``python -m bot``: the assistant. ``--role`` (repeatable) runs parts of it."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bot.catalogs import UncompiledCatalogError
from bot.listening import NotReadyError
from bot.logs import set_up_logs
from bot.runtime import ROLES, BrokenError, Parts, Runtime, make_parts
from bot.settings import Settings, WrongSettingError, load_settings
from bot.stopping import NOT_CLEAN, end_in_time
from storage.key_file import SealingError
from storage.understanding import NoModelError

if TYPE_CHECKING:
    from bot.reports import Reports

_CANNOT_START = (
    WrongSettingError,
    UncompiledCatalogError,
    NoModelError,
    NotReadyError,
    SealingError,
)


def main() -> int:
    """0 after a clean stop, 1 after any other, 2 when it cannot start; one line says why."""
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    parser.add_argument(
        "--role",
        action="append",
        choices=ROLES,
        help="run this part only; repeat for several (default: all)",
    )
    roles, reports = parser.parse_args().role or ROLES, None
    try:
        settings = load_settings()
        set_up_logs(settings)
        reports = _reports(settings, roles)
        parts = make_parts(settings)
        with asyncio.Runner(loop_factory=_fast_loop()) as runner:
            runner.run(_run(parts, roles))
    except _CANNOT_START as error:
        print(f"sportello: {error}", file=sys.stderr)
        return 2
    except BrokenError:
        return NOT_CLEAN
    finally:
        if reports:
            reports.end()
    logging.getLogger("bot").info("stopped")
    return 0


def _reports(settings: Settings, roles: Sequence[str]) -> "Reports | None":
    """The library is imported only where somebody wants reports."""
    if not settings.sentry_dsn.get_secret_value():
        return None
    from bot.reports import start_reports

    return start_reports(settings, ",".join(roles))


async def _run(parts: Parts, roles: Sequence[str]) -> None:
    await Runtime(parts, roles, end_in_time).run()


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it exists (not on Windows)."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    sys.exit(main())
