"""A Wiegand reader, with or without keypad, in a bank's plan."""

from collections.abc import Callable, Sequence
from typing import Literal

from simulator.fittings import ReaderByItself
from simulator.machine import Machine
from simulator.places import Places
from simulator.plans.badge import BadgePlan
from simulator.plans.base import ReaderPlan, Table
from simulator.readers.wiegand import WiegandReader


class WiegandPlan(ReaderPlan, frozen=True, tag="wiegand"):
    """Two of the Pi's pins (BCM); frames are `bits` long, keys `keypad` bits."""

    d0: int
    d1: int
    bits: Literal[26, 34, 37] = 26
    keypad: Literal[4, 8] | None = None

    @property
    def technologies(self) -> frozenset[str]:
        return frozenset({f"wiegand{self.bits}"})

    @property
    def has_keypad(self) -> bool:
        return self.keypad is not None

    def pins(self) -> tuple[int, ...]:
        return (self.d0, self.d1)

    def table(self, places: Places) -> Table:  # noqa: ARG002 - pins have no path
        table: dict[str, object] = {"driver": self.driver, "d0": self.d0, "d1": self.d1, "formats": [self.bits]}
        return table if self.keypad is None else table | {"keypad": self.keypad}

    def fit(self, machine: Machine, badges: Sequence[BadgePlan], on_frames: Callable[[], None]) -> ReaderByItself:  # noqa: ARG002 - it reads any of its kind
        return ReaderByItself(WiegandReader(machine.pi, self.d0, self.d1, self.bits, self.keypad))
