"""The doors of a bank, moved by timers: latches, coils and sensors, and the keeper that ends every pulse on time.

They are things: what happens to the controller's program does not change what they do.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from hw.ports import Coil
from simulator.physics import Door, Sensor
from simulator.world.loop import VirtualLoop
from simulator.world.trace import Trace

SENSED_AFTER_MS = 40  # two looks that agree make a change
DWELL_MS = 20_000
STUCK_SEEN_MS = 500  # a board that reads its outputs back finds one that stays on


class Pulse(NamedTuple):
    """One coil energised once, and the guard's permit for it."""

    locker: int
    coil: Coil
    permit: int
    on_ms: int
    off_ms: int


class SimulatedDoor:
    """One door. `on_sensed(self)` hears each change of what its sensor says, debounced."""

    def __init__(
        self, loop: VirtualLoop, number: int, coil: Coil, on_sensed: Callable[["SimulatedDoor"], None]
    ) -> None:
        self.number = number
        self.coil = coil
        self.door = Door(closes_after_ms=DWELL_MS)
        self.sensed_open = False
        self.energised_ms = -1  # when its coil last went on
        self.sensed_ms = -1  # when its sensor last said something new
        self._loop = loop
        self._on_sensed = on_sensed
        self._moves: asyncio.TimerHandle | None = None
        self._moves_ms = math.inf
        self._senses: asyncio.TimerHandle | None = None

    def energise(self, on: bool) -> None:
        """The coil's line."""
        self.door.energise(on, self._now())
        self._settle()

    def supply(self, on: bool) -> None:
        """The current of the coil."""
        self.door.supply(on, self._now())
        self._settle()

    def pull(self) -> None:
        """A person pulls the handle. Raises NotPossibleError while the latch or a jam holds the door."""
        try:
            self.door.pull(self._now())
        finally:
            self._settle()

    def push(self) -> None:
        """A person pushes the door shut."""
        self.door.push(self._now())
        self._settle()

    def force(self) -> None:
        """Somebody breaks it open."""
        self.door.force(self._now())
        self._settle()

    def jam(self, on: bool) -> None:
        """It sticks in its frame, or comes free."""
        self.door.jam(on, self._now())
        self._settle()

    def weld(self, on: bool) -> None:
        """Its relay's contacts weld together, or are knocked apart."""
        self.door.weld(on, self._now())
        self._settle()

    def dwell(self, ms: int | None) -> None:
        """How long whoever opens it next leaves it open; None: until someone else pushes it shut."""
        self.door.closes_after_ms = ms

    def sensor(self, state: Sensor) -> None:
        """What is wrong with its sensor."""
        self.door.advance(self._now())
        self.door.sensor = state
        self._settle()

    def _now(self) -> float:
        return float(self._loop.now_ms)

    def _settle(self) -> None:
        """Come again when the door next moves by itself, and look at its sensor when that has come to rest."""
        due_ms = self.door.due()
        if due_ms != self._moves_ms:
            if self._moves is not None:
                self._moves.cancel()
            self._moves = None if due_ms == math.inf else self._loop.at(math.ceil(due_ms), self._move)
            self._moves_ms = due_ms
        if self._senses is None and self.door.sensed_open != self.sensed_open:
            self._senses = self._loop.after(SENSED_AFTER_MS, self._sense)

    def _move(self) -> None:
        self._moves, self._moves_ms = None, math.inf
        self.door.advance(self._now())
        self._settle()

    def _sense(self) -> None:
        self._senses = None
        if self.door.sensed_open != self.sensed_open:
            self.sensed_open = not self.sensed_open
            self.sensed_ms = self._loop.now_ms
            self._on_sensed(self)


class Doors:
    """All doors of a bank with their keeper.

    `on_energised` hears of a locker whose coil goes on, `on_pulse` of a pulse that ended, `on_stuck` of a coil that
    stays on after it.
    """

    def __init__(self, loop: VirtualLoop, bank: str, lockers: Mapping[int, Coil], trace: Trace) -> None:
        self.by_number = {
            number: SimulatedDoor(loop, number, coil, self._sensed) for number, coil in sorted(lockers.items())
        }
        self.by_coil = {door.coil: door for door in self.by_number.values()}
        self.on_energised: Callable[[int], None] = lambda _: None
        self.on_pulse: Callable[[Pulse], None] = lambda _: None
        self.on_sensed: Callable[[SimulatedDoor], None] = lambda _: None
        self.on_stuck: Callable[[Coil], None] = lambda _: None
        self._loop = loop
        self._bank = bank
        self._trace = trace
        self._on: dict[Coil, tuple[int, int, asyncio.TimerHandle]] = {}

    def pulse(self, coil: Coil, pulse_ms: int, permit: int) -> bool:
        """Energise a coil for so long; False if it is in a pulse already, or is none of these."""
        if coil not in self.by_coil or coil in self._on:
            return False
        timer = self._loop.after(pulse_ms, self._ends, coil)
        self._on[coil] = permit, self._loop.now_ms, timer
        door = self.by_coil[coil]
        self._trace.note(self._loop.now_ms, self._bank, "coil_on", locker=door.number, permit=permit)
        door.energised_ms = self._loop.now_ms
        self.on_energised(door.number)
        door.energise(True)
        return True

    def all_off(self) -> None:
        """Drop every coil now."""
        for coil in list(self._on):
            self._ends(coil)

    def supply(self, on: bool) -> None:
        """The power of the bank comes or goes."""
        if not on:
            self.all_off()
        for door in self.by_number.values():
            door.supply(on)

    @property
    def now_ms(self) -> int:
        """The time (unix ms)."""
        return self._loop.now_ms

    @property
    def energised(self) -> int:
        """How many coils are on."""
        return len(self._on)

    def _ends(self, coil: Coil) -> None:
        permit, on_ms, timer = self._on.pop(coil)
        timer.cancel()
        door = self.by_coil[coil]
        now_ms = self._loop.now_ms
        self._trace.note(now_ms, self._bank, "coil_off", locker=door.number, permit=permit)
        door.energise(False)
        if door.door.coil:
            self._loop.after(STUCK_SEEN_MS, self._look, coil)
        self.on_pulse(Pulse(door.number, coil, permit, on_ms, now_ms))

    def stuck(self, coil: Coil) -> bool:
        """Whether it is on and nobody asked for that."""
        return coil not in self._on and self.by_coil[coil].door.coil

    def _look(self, coil: Coil) -> None:
        if self.stuck(coil):
            self.on_stuck(coil)

    def _sensed(self, door: SimulatedDoor) -> None:
        word = "sensed_open" if door.sensed_open else "sensed_closed"
        self._trace.note(self._loop.now_ms, self._bank, word, locker=door.number)
        self.on_sensed(door)
