"""Locks, sensors and lights on a simulated MCP23017, as one lock board: its coils follow the chip's pins."""

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from simulator.devices import NEVER, Habit
from simulator.fittings import Circuit, SensorKind
from simulator.i2c import ChipHabit, Mcp23017

CHIP_HABITS = {Habit.FINE: ChipHabit.FINE, Habit.DEAD: ChipHabit.ABSENT, Habit.HANGS: ChipHabit.HANGS}


class ExpanderBoard:
    """`locks` to `lights` are the chip's bits by channel; contacts are closed to ground while doors are."""

    habits: ClassVar[frozenset[Habit]] = frozenset(CHIP_HABITS) - {Habit.FINE}

    def __init__(
        self,
        circuit: Circuit,
        chip: Mcp23017,
        *,
        locks: Sequence[int],
        doors: Sequence[int],
        latches: Sequence[int],
        lights: Sequence[int],
    ) -> None:
        self.cable = None
        self.chip = chip
        self._habit = Habit.FINE
        self._contacts: dict[tuple[SensorKind, int], int] = {("door", at): pin for at, pin in enumerate(doors, 1)}
        self._contacts |= {("latch", at): pin for at, pin in enumerate(latches, 1)}
        self._heard: dict[int, Callable[[bool, float], None]] = {}
        for channel, pin in enumerate(locks, 1):
            self._heard[pin] = lambda level, at, channel=channel: circuit.on_coil(channel, level, at)  # type: ignore[misc]
        for channel, pin in enumerate(lights, 1):
            self._heard[pin] = lambda level, _at, channel=channel: circuit.on_light(channel, level)  # type: ignore[misc]
        for pin in self._heard:
            chip.fit(pin, "down")
        for pin in self._contacts.values():
            chip.wire(pin, False, time.monotonic_ns())
        chip.on_level = self._level_changed

    @property
    def habit(self) -> Habit:
        """How the chip behaves."""
        return self._habit

    @habit.setter
    def habit(self, habit: Habit) -> None:
        self._habit = habit
        self.chip.habit = CHIP_HABITS[habit]

    @property
    def device(self) -> "ExpanderBoard":
        """It is its own device."""
        return self

    def due(self) -> float:
        """Nothing happens by itself."""
        return NEVER

    def advance(self, now: float) -> None:
        """Nothing happens by itself."""

    def power_off(self, now: float) -> None:
        """Every pin becomes an input again: the coils drop."""
        self.chip.power_cycle(int(now * 1e6))

    def sensor_moved(self, channel: int, sensor: SensorKind, is_open: bool) -> None:
        """Move the contact, if there is one; it is looked at so seldom that its bounce is never seen."""
        pin = self._contacts.get((sensor, channel))
        if pin is not None:
            self.chip.wire(pin, None if is_open else False, time.monotonic_ns())

    def stop(self) -> None:
        """It has nothing of its own that goes on."""

    def _level_changed(self, pin: int, level: bool, at_ns: int) -> None:
        if pin in self._heard:
            self._heard[pin](level, at_ns / 1e6)
