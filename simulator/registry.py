"""Every kind of simulated device, by the plan that names it: adding a device adds its plan here, once."""

from typing import TYPE_CHECKING, Union

from simulator.plans.base import BoardPlan, ReaderPlan
from simulator.plans.gpio import GpioPlan
from simulator.plans.serial_rfid import Id12laPlan, Rdm6300Plan
from simulator.plans.xor_board import XorPlan

BOARDS: tuple[type[BoardPlan], ...] = (XorPlan, GpioPlan)
READERS: tuple[type[ReaderPlan], ...] = (Rdm6300Plan, Id12laPlan)

# What a plan's file may hold: msgspec picks the type by its `driver`.
if TYPE_CHECKING:
    AnyBoard = BoardPlan
    AnyReader = ReaderPlan
else:
    AnyBoard = Union[BOARDS]  # noqa: UP007 - made from the tuple
    AnyReader = Union[READERS]  # noqa: UP007
