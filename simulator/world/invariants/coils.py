"""No coil is on for longer, more often or beside another of its group than the guard allows, across restarts too."""

from collections import deque
from itertools import takewhile
from typing import Any

from hw.ports import Coil
from hw.release_guard import DUTY_WINDOW_MS, HARD_CAP_MS, GuardLimits
from simulator.world.doors import Pulse
from simulator.world.invariants.invariant import Invariant

_LIMITS = GuardLimits()


class Coils(Invariant):
    """Measures what the coils did, and asks nobody. A welded relay is the relay's doing, and is not counted."""

    name = "coil"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self._pulses: dict[tuple[str, Coil], deque[Pulse]] = {}

    def energised(self, bank: str, locker: int) -> None:
        """One at a time per power group: each bank has one."""
        on = self.world.banks[bank].doors.energised
        if on > 1:
            self.violated(f"{bank}: {on} coils are on at once, locker {locker} among them")

    def pulsed(self, bank: str, pulse: Pulse) -> None:
        """Length, rest and duty."""
        self.world.counts["releases"] += 1
        length_ms = pulse.off_ms - pulse.on_ms
        if length_ms > HARD_CAP_MS:
            self.violated(f"{bank}: locker {pulse.locker} was energised for {length_ms} ms")
        past = self._pulses.setdefault((bank, pulse.coil), deque(maxlen=60))
        if past and pulse.on_ms - past[-1].off_ms < _LIMITS.rest_ms:
            self.violated(f"{bank}: locker {pulse.locker} rested {pulse.on_ms - past[-1].off_ms} ms only")
        past.append(pulse)
        begins_ms = pulse.off_ms - DUTY_WINDOW_MS
        within = takewhile(lambda each: each.off_ms > begins_ms, reversed(past))  # they are in order of their ends
        on_ms = sum(each.off_ms - each.on_ms for each in within)
        if on_ms > DUTY_WINDOW_MS * _LIMITS.duty_percent // 100:
            self.violated(f"{bank}: locker {pulse.locker} was energised for {on_ms} ms within a minute")
