"""What can be worked out from sums: whether a hidden number could also be another one.

Every number is an amount that flows from one point to another, so that each sum says: as much flows
into this point as out of it. Then a hidden number can differ exactly when one more (or less) can
flow through it in a circle of hidden numbers, each within what is known of it.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

Point = Hashable


@dataclass(frozen=True, slots=True)
class Amount:
    """A hidden number, from where to where it flows, and between what it is known to lie."""

    tail: Point
    head: Point
    value: int
    low: int
    high: int | None = None

    @property
    def can_rise(self) -> bool:
        """Whether it could be one more, as far as it alone is concerned."""
        return self.high is None or self.value < self.high

    @property
    def can_fall(self) -> bool:
        """Whether it could be one less."""
        return self.value > self.low


def can_differ(which: Hashable, hidden: Mapping[Hashable, Amount]) -> bool:
    """Whether all sums also hold with another number at ``which``."""
    one = hidden[which]
    arcs = _arcs(amount for name, amount in hidden.items() if name != which)
    rises = one.can_rise and _leads(arcs, one.head, one.tail)
    return rises or (one.can_fall and _leads(arcs, one.tail, one.head))


def _arcs(amounts: Iterable[Amount]) -> dict[Point, set[Point]]:
    """Where one more can go on to."""
    arcs: dict[Point, set[Point]] = defaultdict(set)
    for amount in amounts:
        if amount.can_rise:
            arcs[amount.tail].add(amount.head)
        if amount.can_fall:
            arcs[amount.head].add(amount.tail)
    return arcs


def _leads(arcs: Mapping[Point, set[Point]], start: Point, end: Point) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        if here == end:
            return True
        waiting += arcs.get(here, set()) - seen
        seen |= arcs.get(here, set())
    return False
