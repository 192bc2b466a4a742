"""The Kerong CU lock boards in a bank's plan."""

from typing import ClassVar, Literal

from simulator.fittings import BoardOnLine, Circuit
from simulator.machine import Machine
from simulator.places import Places
from simulator.plans.base import BoardPlan, Table
from simulator.serial_boards.kerong_cu import KerongCu, KerongCu48

BAUD = 19_200


class KerongPlan(BoardPlan, frozen=True, tag="kerong_cu"):
    """A CU12, CU16 or the 48-channel board; with `infrared = "door"` its hooks are the latches' sensors."""

    shares_line: ClassVar[bool] = True

    channels: Literal[12, 16, 48] = 16
    address: int = 0
    open_bit: Literal[0, 1] = 0
    infrared: Literal["none", "door"] = "none"
    line: str = "kerong"

    @property
    def has_latches(self) -> bool:
        return self.infrared == "door"

    def cable(self) -> str:
        return self.line

    def table(self, places: Places) -> Table:
        return {
            "driver": self.driver,
            "port": str(places.line(self.line)),
            "address": self.address,
            "model": f"cu{self.channels}",
            "channels": self.channels,
            "open_bit": self.open_bit,
            "infrared": self.infrared,
        }

    def fit(self, circuit: Circuit, machine: Machine) -> BoardOnLine:
        board = self._board_48(circuit) if self.channels == 48 else self._board(circuit)
        return BoardOnLine(board, machine.line(self.line, BAUD))

    def _board(self, circuit: Circuit) -> KerongCu:
        latch = circuit.latch_open if self.has_latches else None
        return KerongCu(self.address, self.channels, circuit.door_open, circuit.on_coil, self.open_bit, latch)

    def _board_48(self, circuit: Circuit) -> KerongCu48:
        return KerongCu48(self.address, self.channels, circuit.door_open, circuit.on_coil, self.open_bit)
