"""Every kind of simulated device, by the plan that names it: adding a device adds its plan here, once."""

from typing import TYPE_CHECKING, Union

from simulator.plans.bank_inputs import GpioInputPlan, InputPlan, UndervoltagePlan
from simulator.plans.base import BoardPlan, ReaderPlan
from simulator.plans.gpio import GpioPlan
from simulator.plans.kerong_cu import KerongPlan
from simulator.plans.keyboard_wedge import KeyboardWedgePlan
from simulator.plans.mcp23017 import Mcp23017Plan
from simulator.plans.modbus_relay import ModbusPlan
from simulator.plans.osdp import OsdpPlan
from simulator.plans.pn532 import Pn532Plan
from simulator.plans.serial_rfid import Id12laPlan, Rdm6300Plan
from simulator.plans.wiegand import WiegandPlan
from simulator.plans.xor_board import XorPlan

BOARDS: tuple[type[BoardPlan], ...] = (XorPlan, KerongPlan, ModbusPlan, GpioPlan, Mcp23017Plan)
READERS: tuple[type[ReaderPlan], ...] = (
    Rdm6300Plan,
    Id12laPlan,
    WiegandPlan,
    Pn532Plan,
    OsdpPlan,
    KeyboardWedgePlan,
)
INPUTS: tuple[type[InputPlan], ...] = (GpioInputPlan, UndervoltagePlan)

# What a plan's file may hold: msgspec picks the type by its `driver`.
if TYPE_CHECKING:
    AnyBoard = BoardPlan
    AnyReader = ReaderPlan
    AnyInput = InputPlan
else:
    AnyBoard = Union[BOARDS]  # noqa: UP007 - made from the tuple
    AnyReader = Union[READERS]  # noqa: UP007
    AnyInput = Union[INPUTS]  # noqa: UP007
