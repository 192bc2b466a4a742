"""A Modbus RTU relay board with inputs in a bank's plan."""

from typing import ClassVar

from simulator.fittings import BoardOnLine, Circuit
from simulator.machine import Machine
from simulator.places import Places
from simulator.plans.base import BoardPlan, Table
from simulator.serial_boards.modbus_relay import ModbusRelay

BAUD = 9600


class ModbusPlan(BoardPlan, frozen=True, tag="modbus_relay"):
    """Inputs 1 to `channels` are the door contacts; with `latches` those after them are the latches'."""

    shares_line: ClassVar[bool] = True

    channels: int = 8
    address: int = 1
    latches: bool = False
    timer: bool = True
    """False for a look-alike whose timed pulse never ends."""
    line: str = "modbus"

    @property
    def has_latches(self) -> bool:
        return self.latches

    def cable(self) -> str:
        return self.line

    def table(self, places: Places) -> Table:
        table: dict[str, object] = {
            "driver": self.driver,
            "port": str(places.line(self.line)),
            "address": self.address,
            "channels": self.channels,
            "doors": self._doors(),
        }
        return table | {"latches": self._latch_inputs()} if self.latches else table

    def fit(self, circuit: Circuit, machine: Machine) -> BoardOnLine:
        board = ModbusRelay(
            self.address,
            self.channels,
            circuit.door_open,
            circuit.on_coil,
            doors=self._doors(),
            latch=circuit.latch_open if self.latches else None,
            latches=self._latch_inputs(),
            inputs=self.channels * (2 if self.latches else 1),
            timer=self.timer,
        )
        return BoardOnLine(board, machine.line(self.line, BAUD))

    def _doors(self) -> tuple[int, ...]:
        return tuple(range(1, self.channels + 1))

    def _latch_inputs(self) -> tuple[int, ...]:
        return tuple(range(self.channels + 1, 2 * self.channels + 1)) if self.latches else ()
