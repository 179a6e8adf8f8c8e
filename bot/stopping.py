"""The one deadline of a stop: whatever hangs, the process ends before it is killed."""

import logging
import os
import threading

log = logging.getLogger(__name__)

STOP_SECONDS = 9.0  # a service manager kills after ten
NOT_CLEAN = 1


def end_in_time(seconds: float = STOP_SECONDS) -> None:
    """From now on the process has so long; then it ends with one line and code 1.

    A thread that waits for the database cannot be ended, and Python waits for it at the exit. What
    was in hand is as after a crash: nothing is lost, its transaction never happened.
    """
    timer = threading.Timer(seconds, _end, (seconds,))
    timer.daemon = True
    timer.start()


def _end(seconds: float) -> None:
    log.error("not stopped after %g s: ended with work in hand", seconds)
    os._exit(NOT_CLEAN)
