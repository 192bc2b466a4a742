"""Locks, sensors and lights straight on the Pi's pins, in a bank's plan."""

from simulator.fittings import Circuit
from simulator.machine import Machine
from simulator.pin_board import PinBoard
from simulator.places import Places
from simulator.plans.base import BoardPlan, Table


class GpioPlan(BoardPlan, frozen=True, tag="gpio"):
    """BCM pins, channel 1 first; without `latches` each locker has one sensor, without `lights` no light."""

    locks: tuple[int, ...]
    doors: tuple[int, ...]
    active_high: bool = True
    latches: tuple[int, ...] = ()
    lights: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.locks) != len(self.doors):
            raise ValueError("a gpio board needs one door contact for each lock")
        for name, pins in (("latches", self.latches), ("lights", self.lights)):
            if pins and len(pins) != len(self.locks):
                raise ValueError(f"{name} of a gpio board: one for each lock, or none")

    @property
    def channels(self) -> int:
        return len(self.locks)

    @property
    def has_latches(self) -> bool:
        return bool(self.latches)

    @property
    def has_lights(self) -> bool:
        return bool(self.lights)

    def pins(self) -> tuple[int, ...]:
        return (*self.locks, *self.doors, *self.latches, *self.lights)

    def table(self, places: Places) -> Table:  # noqa: ARG002 - pins have no path
        table: dict[str, object] = {
            "driver": self.driver,
            "locks": self.locks,
            "doors": self.doors,
            "active_high": self.active_high,
            "off_resistors": not self.active_high,
        }
        optional = {"latches": self.latches, "lights": self.lights}
        return table | {name: pins for name, pins in optional.items() if pins}

    def fit(self, circuit: Circuit, machine: Machine) -> PinBoard:
        return PinBoard(
            circuit,
            machine,
            locks=self.locks,
            active_high=self.active_high,
            doors=self.doors,
            latches=self.latches,
            lights=self.lights,
        )
