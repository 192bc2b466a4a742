"""The floor of a bank's time never runs back, beside a time that two clocks agree on or for a clock that is alone."""

from collections.abc import Sequence
from typing import Any

import msgspec

from controller.journal import Opened
from controller.pending import Pending
from controller.timekeeping import TimeState
from simulator.world.invariants.invariant import Invariant

_states = msgspec.json.Decoder(TimeState)


class Floor(Invariant):
    """Reads what a bank keeps. No technician, who alone may lower it, ever comes to a bank of the world."""

    name = "floor"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self._floors: dict[str, int] = {}

    def opened(self, bank: str, opened: Opened) -> None:
        """A life goes on from what its disk has kept."""
        kept = opened.state.get("time")
        self._floors[bank] = _states.decode(kept).floor if kept else 0

    def written(self, bank: str, entries: Sequence[Pending]) -> None:
        """What is kept from now on."""
        for entry in entries:
            if "time" in entry.state:
                floor, before = _states.decode(entry.state["time"] or b"{}").floor, self._floors.get(bank, 0)
                self.world.counts["floors kept"] += 1
                if floor < before:
                    self.violated(f"{bank} takes its floor back by {before - floor} ms, to {floor}")
                self._floors[bank] = floor
