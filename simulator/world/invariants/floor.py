"""The floor of a bank's time never runs back, and no clock pushes it further ahead than a day alone."""

from collections.abc import Sequence
from typing import Any

import msgspec

from controller.journal import Opened
from controller.pending import Pending
from controller.timekeeping import TimeState
from simulator.world.invariants.invariant import Invariant

_states = msgspec.json.Decoder(TimeState)
_LOOK_EVERY_MS = 3_600_000
# From a start to the first look: the program stands by then.
_BEGUN_MS = 1_000
# One clock alone may move it by a day in all (wire.md, Time); two that agree may be minutes apart, and a crystal is
# wrong by seconds a day.
_ALONE_MS = 24 * 3_600_000 + 30 * 60_000


class Floor(Invariant):
    """Reads what a bank keeps, and by what time it ends contracts.

    No technician, who alone may lower it, ever comes to a bank of the world; no two clocks agree there on a wrong time.
    """

    name = "floor"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self._floors: dict[str, int] = {}
        world.loop.after(_LOOK_EVERY_MS, self._look_round)

    def opened(self, bank: str, opened: Opened) -> None:
        """A life goes on from what its disk has kept."""
        kept = opened.state.get("time")
        self._floors[bank] = _states.decode(kept).floor if kept else 0
        self.world.loop.after(_BEGUN_MS, self._look, bank)

    def written(self, bank: str, entries: Sequence[Pending]) -> None:
        """What is kept from now on."""
        for entry in entries:
            if "time" in entry.state:
                floor = _states.decode(entry.state["time"] or b"{}").floor
                self.world.counts["floors kept"] += 1
                self._judge(bank, floor)
                self._floors[bank] = floor

    def _look_round(self) -> None:
        for bank in self.world.banks:
            self._look(bank)
        self.world.loop.after(_LOOK_EVERY_MS, self._look_round)

    def _look(self, bank: str) -> None:
        runtime = self.world.banks[bank].runtime
        if runtime is not None:
            self._judge(bank, runtime.now().ending_at)

    def _judge(self, bank: str, floor: int) -> None:
        before, ahead_ms = self._floors.get(bank, 0), floor - self.world.now_ms
        if floor < before:
            self.violated(f"{bank} takes its floor back by {before - floor} ms, to {floor}")
        elif ahead_ms > _ALONE_MS:
            self.violated(f"{bank} ends contracts {ahead_ms // 3_600_000} hours early, and no two clocks say so")
