"""The XOR lock board in a bank's plan."""

from typing import ClassVar, Literal

from simulator.fittings import BoardOnLine, Circuit
from simulator.machine import Machine
from simulator.places import Places
from simulator.plans.base import BoardPlan, Table
from simulator.serial_boards.xor_board import XorBoard

BAUD = 9600


class XorPlan(BoardPlan, frozen=True, tag="xor_board"):
    """An XOR board on one of the bank's RS-485 lines; the last three are habits it was made with."""

    shares_line: ClassVar[bool] = True

    channels: int = 24
    address: int = 1
    open_bit: Literal[0, 1] = 1
    byte_order: Literal["s1_first", "s1_last"] = "s1_first"
    open_reply: Literal["echo", "state"] = "echo"
    unsolicited: bool = False
    timed_open: bool = False
    line: str = "boards"

    def cable(self) -> str:
        return self.line

    def table(self, places: Places) -> Table:
        return {
            "driver": self.driver,
            "port": str(places.line(self.line)),
            "address": self.address,
            "channels": self.channels,
            "open_bit": self.open_bit,
            "byte_order": self.byte_order,
        }

    def fit(self, circuit: Circuit, machine: Machine) -> BoardOnLine:
        board = XorBoard(
            self.address,
            self.channels,
            circuit.door_open,
            circuit.on_coil,
            self.open_bit,
            self.byte_order,
            self.open_reply,
            self.unsolicited,
            self.timed_open,
        )
        return BoardOnLine(board, machine.line(self.line, BAUD))
