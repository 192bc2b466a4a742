"""A third example bank, with every kind of board and reader there is: for rehearsals and tests, not in the demo."""

from simulator.plans.badge import BadgePlan
from simulator.plans.bank_inputs import GpioInputPlan, UndervoltagePlan
from simulator.plans.gpio import GpioPlan
from simulator.plans.kerong_cu import KerongPlan
from simulator.plans.keyboard_wedge import KeyboardWedgePlan
from simulator.plans.mcp23017 import Mcp23017Plan
from simulator.plans.modbus_relay import ModbusPlan
from simulator.plans.osdp import OsdpPlan
from simulator.plans.pn532 import DesfirePlan, Pn532Plan
from simulator.plans.serial_rfid import Id12laPlan, Rdm6300Plan
from simulator.plans.wiegand import WiegandPlan
from simulator.plans.xor_board import XorPlan
from simulator.scenario import BankPlan

EVERY_DEVICE = BankPlan(
    "every-device",
    {
        "xor": XorPlan(channels=8, unsolicited=True),
        "kerong": KerongPlan(channels=12, infrared="door"),
        "modbus": ModbusPlan(channels=4, latches=True),
        "pins": GpioPlan(locks=(17, 27), doors=(4, 5), latches=(22, 24), lights=(25, 26)),
        "expander": Mcp23017Plan(
            locks=("A7", "B7", "A6"),
            doors=("A0", "A1", "A2"),
            latches=("B0", "B1", "B2"),
            lights=("B4", "B5", "B6"),
            reset_line=21,
        ),
    },
    title="Atelier",
    readers={
        "entrance": Rdm6300Plan(),
        "courtyard": Id12laPlan(line="courtyard"),
        "gate": WiegandPlan(d0=14, d1=15, keypad=4),
        "cards": Pn532Plan(desfire=DesfirePlan()),
        "porch": OsdpPlan(keypad=True),
        "desk": KeyboardWedgePlan(),
    },
    inputs={
        "enclosure": GpioInputPlan(pin=12, kind="tamper"),
        "mains": GpioInputPlan(pin=18, kind="mains"),
        "supply": UndervoltagePlan(),
    },
    badges=(
        BadgePlan("tag", "62E3080021"),
        BadgePlan("fob", "12-3456", technology="wiegand26"),
        BadgePlan("card", "3042F5:04782E21801D80", technology="desfire"),
        BadgePlan("pass", "25-1234", technology="osdp26"),
        BadgePlan("sticker", "0012345678", technology="keyboard"),
        BadgePlan("transit", "04A1B2C3", technology="iso14443a"),
    ),
)
