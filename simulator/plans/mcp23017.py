"""Locks, sensors and lights on an MCP23017 in a bank's plan."""

from simulator.errors import InvalidPlanError
from simulator.expander_board import ExpanderBoard
from simulator.fittings import Circuit
from simulator.machine import Machine
from simulator.places import Places
from simulator.plans.base import BoardPlan, Table


class Mcp23017Plan(BoardPlan, frozen=True, tag="mcp23017"):
    """Pins by the names on the chip (A0 to B7), channel 1 first; `reset_line` is the Pi's pin on its RESET, if any."""

    locks: tuple[str, ...]
    doors: tuple[str, ...]
    address: int = 0x20
    latches: tuple[str, ...] = ()
    lights: tuple[str, ...] = ()
    reset_line: int | None = None

    def __post_init__(self) -> None:
        for name, pins in (("doors", self.doors), ("latches", self.latches), ("lights", self.lights)):
            if pins and len(pins) != len(self.locks):
                raise ValueError(f"{name} of an mcp23017 board: one for each lock, or none")
        every = [*self.locks, *self.doors, *self.latches, *self.lights]
        if len(set(every)) < len(every):
            raise ValueError("an mcp23017 board uses a pin twice")
        for pin in every:
            bit(pin)

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
        return () if self.reset_line is None else (self.reset_line,)

    def table(self, places: Places) -> Table:
        table: dict[str, object] = {
            "driver": self.driver,
            "bus": str(places.i2c),
            "address": self.address,
            "locks": self.locks,
            "doors": self.doors,
            "hardware_timer": self.reset_line is None,
        }
        if self.reset_line is not None:
            table["reset_line"] = self.reset_line
        optional = {"latches": self.latches, "lights": self.lights}
        return table | {name: pins for name, pins in optional.items() if pins}

    def fit(self, circuit: Circuit, machine: Machine) -> ExpanderBoard:
        chip = machine.chip(self.address)
        if self.reset_line is not None:
            machine.pi.fit(self.reset_line, "down")
            machine.listen(self.reset_line, lambda level, at: chip.reset(not level, int(at * 1e6)))
            chip.reset(True, 0)
        return ExpanderBoard(
            circuit,
            chip,
            locks=[bit(pin) for pin in self.locks],
            doors=[bit(pin) for pin in self.doors],
            latches=[bit(pin) for pin in self.latches],
            lights=[bit(pin) for pin in self.lights],
        )


def bit(pin: str) -> int:
    """The bit of a pin by its name on the chip. Raises InvalidPlanError."""
    if len(pin) != 2 or pin[0] not in "AB" or pin[1] not in "01234567":
        raise InvalidPlanError(f"an MCP23017 has no pin {pin!r}: use A0 to A7 and B0 to B7")
    return 8 * (pin[0] == "B") + int(pin[1])
