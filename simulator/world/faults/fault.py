"""What a fault is, and the plan of a seed: which, when, where, how long."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from simulator.world.chance import Chance

if TYPE_CHECKING:
    from simulator.world.controller import SimulatedController
    from simulator.world.faults.schedule import Schedule

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
# Two faults a day on average: now alone, now several on top of each other.
_APART_MS = DAY_MS / 2

Heal = Callable[[], None]


def _always() -> bool:
    return True


@dataclass(slots=True)
class Hit:
    """One fault that happens: to `bank`, for `lasts_ms`; `chance` decides the rest, the same whatever else happens.

    What needs an occasion lasts until it `has_bitten`. `everywhere`: other banks may not hear of decisions either.
    """

    number: int
    bank: "SimulatedController"
    lasts_ms: int
    chance: Random
    everywhere: bool = False
    has_bitten: Callable[[], bool] = _always


Begin = Callable[["Schedule", Hit], Heal | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """`rows` of the fault table that it shows; it lasts `lasts_ms` (least, most); `begin` returns how it is healed.

    `everywhere`: it befalls what all banks hear decisions by, and not one of them alone.
    """

    name: str
    rows: tuple[int, ...]
    lasts_ms: tuple[int, int]
    begin: Begin
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of the plan. `after_ms` from the first that may be."""

    number: int
    after_ms: int
    fault: Fault
    bank: int
    lasts_ms: int


class Plan:
    """Drawn from the seed alone: fewer days or faults that are skipped change nothing of the others."""

    def __init__(
        self,
        chance: Chance,
        names: frozenset[str],
        days: int,
        skip: frozenset[int] = frozenset(),
        only: frozenset[int] | None = None,
    ) -> None:
        self._chance = chance
        self.planned = [
            each
            for each in self._draw(names, days)
            if each.number not in skip and (only is None or each.number in only)
        ]

    def stream(self, number: int) -> Random:
        """Where the fault of that number draws its parameters from."""
        return self._chance.stream(f"fault {number}")

    def _draw(self, names: frozenset[str], days: int) -> Iterator[Planned]:
        from simulator.world.faults.families import FAULTS

        known = [FAULTS[name] for name in sorted(names)]
        if not known:
            return
        stream, after_ms, number = self._chance.stream("plan of faults"), 0, 0
        # A shuffled round of all before any comes again: rare ones are not missed for long.
        waiting: list[Fault] = []
        while True:
            number += 1
            after_ms += int(stream.expovariate(1 / _APART_MS)) + 1
            if not waiting:
                waiting = stream.sample(known, len(known))
            fault = waiting.pop()
            low, high = fault.lasts_ms
            lasts_ms = int(low * (high / low) ** stream.random()) if low else 0
            bank = stream.randrange(1 << 16)
            if after_ms >= (days - 1) * DAY_MS:
                return
            yield Planned(number, after_ms, fault, bank, lasts_ms)
