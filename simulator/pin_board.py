"""Locks, sensors and lights on the pins of a simulated Pi, as one lock board: coil drivers and bouncing contacts."""

from collections.abc import Sequence
from typing import ClassVar

from simulator.contact import Contact
from simulator.devices import NEVER, Habit
from simulator.fittings import Circuit, SensorKind
from simulator.machine import Machine


class PinBoard:
    """Nothing here thinks or answers, so it has no habits: its faults are those of doors, sensors and coils."""

    habits: ClassVar[frozenset[Habit]] = frozenset()

    def __init__(
        self,
        circuit: Circuit,
        machine: Machine,
        *,
        locks: Sequence[int],
        active_high: bool,
        doors: Sequence[int],
        latches: Sequence[int],
        lights: Sequence[int],
    ) -> None:
        self.habit = Habit.FINE
        self.cable = None
        self._circuit = circuit
        self._machine = machine
        self._contacts = {
            (kind, channel): Contact(machine.pi, pin, machine.random)
            for kind, pins in (("door", doors), ("latch", latches))
            for channel, pin in enumerate(pins, 1)
        }
        for channel, pin in enumerate(locks, 1):
            self._solder_coil(channel, pin, active_high)
        for channel, pin in enumerate(lights, 1):
            self._solder_light(channel, pin)

    @property
    def device(self) -> "PinBoard":
        """It is its own device."""
        return self

    def due(self) -> float:
        """Nothing happens by itself."""
        return NEVER

    def advance(self, now: float) -> None:
        """Nothing happens by itself."""

    def power_off(self, now: float) -> None:
        """The pins say so: the Pi takes them back."""

    def sensor_moved(self, channel: int, sensor: SensorKind, is_open: bool) -> None:
        """Move the contact, if there is one."""
        contact = self._contacts.get((sensor, channel))
        if contact is not None:
            contact.move(is_open)

    def stop(self) -> None:
        """Let no contact bounce any more."""
        for contact in self._contacts.values():
            contact.stop()

    def _solder_coil(self, channel: int, pin: int, active_high: bool) -> None:
        """The driver's input is held off by a resistor while nothing drives it."""
        self._machine.pi.fit(pin, "down" if active_high else "up")
        self._machine.listen(pin, lambda level, at: self._circuit.on_coil(channel, level == active_high, at))

    def _solder_light(self, channel: int, pin: int) -> None:
        self._machine.pi.fit(pin, "down")
        self._machine.listen(pin, lambda level, _at: self._circuit.on_light(channel, level))
