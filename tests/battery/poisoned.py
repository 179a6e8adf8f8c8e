"""The program with a turn that breaks whenever somebody sends poison, and its apology too."""

import sys
from typing import Any

from bot.turn import compute as compute_well
from bot.worker import Worker
from tests.brisk import main

POISON = "☠"


def compute(flows: Any, person: Any, received: Any, desk: Any, today: Any) -> Any:
    """As the turn is computed, but for the poison."""
    if received.inbound.text == POISON:
        raise ValueError("poison")
    return compute_well(flows, person, received, desk, today)


if __name__ == "__main__":
    assert Worker._turn.__kwdefaults__
    Worker._turn.__kwdefaults__["take"] = compute
    sys.exit(main())
