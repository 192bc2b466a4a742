"""A USB reader that types like a keyboard, in a bank's plan."""

from collections.abc import Callable, Sequence
from typing import Literal

from simulator.fittings import ReaderByItself
from simulator.machine import Machine
from simulator.places import Places
from simulator.plans.badge import BadgePlan
from simulator.plans.base import ReaderPlan, Table
from simulator.readers.keyboard_wedge import KeyboardWedge

VENDOR = 0x08FF  # of a common reader of this kind


class KeyboardWedgePlan(ReaderPlan, frozen=True, tag="keyboard_wedge"):
    """One on its own USB port; `event` is the number of its input device, counted through the bank."""

    event: int = 0
    product: int = 0x0009
    layout: Literal["digits", "hex"] = "digits"

    @property
    def technologies(self) -> frozenset[str]:
        return frozenset({"keyboard"})

    def cable(self) -> str:
        return f"event{self.event}"

    def table(self, places: Places) -> Table:
        return {"driver": self.driver, "device": str(places.input_device(self.event)), "layout": self.layout}

    def fit(self, machine: Machine, badges: Sequence[BadgePlan], on_frames: Callable[[], None]) -> ReaderByItself:  # noqa: ARG002 - it reads any of its kind
        keyboard = machine.input_device(self.event, VENDOR, self.product)
        return ReaderByItself(KeyboardWedge(keyboard.send), keyboard)
