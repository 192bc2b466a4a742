"""gpiozero a module at a time: small where only pins are needed, whole for whoever asks for the whole."""

import json
import subprocess
import sys


def python(program: str) -> object:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    return json.loads(done.stdout)


def test_pins_and_inputs_load_neither_boards_nor_package_metadata() -> None:
    program = """
import json, sys
import hw.pins, hw.contact_pins, hw.indicators
from hw.lean_gpiozero import Device
import gpiozero.input_devices, gpiozero.pins.local
heavy = ("gpiozero.boards", "gpiozero.internal_devices", "importlib.metadata", "email", "zipfile", "tempfile")
print(json.dumps([name for name in heavy if name in sys.modules]))
"""
    assert python(program) == []


def test_the_whole_package_is_there_for_whoever_asks_for_a_name_of_it() -> None:
    program = """
import json, sys
from hw.lean_gpiozero import Device
import gpiozero
lazy = "gpiozero.boards" not in sys.modules
from gpiozero import LED, Button, LEDBoard
from gpiozero.output_devices import LED as same
everything = {}
exec("from gpiozero import *", everything)
missing = hasattr(gpiozero, "NoSuchDevice")
print(json.dumps([lazy, LED is same, gpiozero.Device is Device, "Button" in everything, missing]))
"""
    assert python(program) == [True, True, True, True, False]


def test_what_was_imported_before_stays_as_it_was() -> None:
    program = """
import json
import gpiozero
from hw.lean_gpiozero import Device
print(json.dumps([gpiozero.Device is Device, "LED" in vars(gpiozero)]))
"""
    assert python(program) == [True, True]


def test_a_factory_of_ones_own_is_still_found_by_its_name() -> None:
    program = """
import json, os
os.environ["GPIOZERO_PIN_FACTORY"] = "mock"
from hw.pins import pin_factory
print(json.dumps(type(pin_factory()).__name__))
"""
    assert python(program) == "MockFactory"
