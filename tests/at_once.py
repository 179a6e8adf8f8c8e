"""The same work in several threads at the same time."""

from collections.abc import Callable
from threading import Thread


def at_once(work: Callable[[], None], times: int = 2) -> None:
    """Until all have ended, half a minute each at most."""
    threads = [Thread(target=work) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
