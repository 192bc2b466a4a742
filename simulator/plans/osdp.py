"""An OSDP reader in a bank's plan, with or without keypad; its own light and buzzer are an indicator."""

from collections.abc import Callable, Sequence

from simulator.fittings import ReaderOnLine
from simulator.machine import Machine, simulated_key
from simulator.places import Places
from simulator.plans.badge import BadgePlan
from simulator.plans.base import ReaderPlan, Table

BAUD = 9600


class OsdpPlan(ReaderPlan, frozen=True, tag="osdp"):
    """A reader alone on an RS-485 line."""

    address: int = 0
    keypad: bool = False
    line: str = "osdp"

    @property
    def technologies(self) -> frozenset[str]:
        return frozenset({"osdp26"})

    @property
    def has_keypad(self) -> bool:
        return self.keypad

    def cable(self) -> str:
        return self.line

    def table(self, places: Places) -> Table:
        return {
            "driver": self.driver,
            "port": str(places.line(self.line)),
            "address": self.address,
            "key_file": str(places.key(self.line)),
            "keypad": self.keypad,
        }

    def indicator(self, name: str) -> Table:
        return {"driver": "osdp", "reader": name}

    def fit(
        self,
        machine: Machine,
        badges: Sequence[BadgePlan],  # noqa: ARG002 - it reads any of its kind
        on_frames: Callable[[], None],
    ) -> ReaderOnLine:
        from simulator.readers.osdp import OsdpReader  # brings libosdp, which not every bank needs

        key = simulated_key(f"{machine.places.folder.name} {self.line}")
        machine.keys[machine.places.key(self.line)] = key
        return ReaderOnLine(OsdpReader(self.address, key), machine.line(self.line, BAUD), on_frames)
