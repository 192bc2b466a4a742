"""No coil is on for longer, more often or beside another of its group than the guard allows, across restarts too."""

from collections import deque
from itertools import takewhile
from typing import Any

from hw.ports import Coil
from simulator.world.doors import Pulse
from simulator.world.invariants.invariant import Invariant

# What the guard promises of each coil, and of two of one group; not what its own limits say.
_CAP_MS, _REST_MS, _STAGGER_MS = 3_000, 2_000, 150
_WINDOW_MS, _WITHIN_MS = 60_000, 6_000


class Coils(Invariant):
    """Measures what the coils did, and asks nobody. A welded relay is the relay's doing, and is not counted."""

    name = "coil"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self._pulses: dict[tuple[str, Coil], deque[Pulse]] = {}
        self._off_ms: dict[str, int] = {}

    def energised(self, bank: str, locker: int) -> None:
        """One at a time per power group: each bank has one."""
        on = self.world.banks[bank].doors.energised
        if on > 1:
            self.violated(f"{bank}: {on} coils are on at once, locker {locker} among them")
        apart_ms = self.world.now_ms - self._off_ms.get(bank, 0)
        if apart_ms < _STAGGER_MS:
            self.violated(f"{bank}: locker {locker} is energised {apart_ms} ms after another")

    def pulsed(self, bank: str, pulse: Pulse) -> None:
        """Length, rest and duty."""
        self.world.counts["releases"] += 1
        self._off_ms[bank] = pulse.off_ms
        length_ms = pulse.off_ms - pulse.on_ms
        if length_ms > _CAP_MS:
            self.violated(f"{bank}: locker {pulse.locker} was energised for {length_ms} ms")
        past = self._pulses.setdefault((bank, pulse.coil), deque(maxlen=60))
        if past and pulse.on_ms - past[-1].off_ms < _REST_MS:
            self.violated(f"{bank}: locker {pulse.locker} rested {pulse.on_ms - past[-1].off_ms} ms only")
        past.append(pulse)
        begins_ms = pulse.off_ms - _WINDOW_MS
        within = takewhile(lambda each: each.off_ms > begins_ms, reversed(past))  # they are in order of their ends
        on_ms = sum(each.off_ms - each.on_ms for each in within)
        if on_ms > _WITHIN_MS:
            self.violated(f"{bank}: locker {pulse.locker} was energised for {on_ms} ms within a minute")
