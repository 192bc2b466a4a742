"""Stand-ins for libraries that need a Pi's hardware: each folder holds one, found before the real one on PYTHONPATH.

The program under test imports `lgpio`, `RPi.GPIO` or `smbus2` as it would on a Pi, and everything above them is the
real thing: gpiozero's own factories and pins, and our drivers. They answer to the calls that those make, with the
effects and errors that the libraries document; they model no other call.
"""

import os
from pathlib import Path
from typing import Literal

Library = Literal["lgpio", "rpi_gpio", "smbus2"]


def python_path(*libraries: Library) -> str:
    """PYTHONPATH for a program that is to find these stand-ins, before what is on it already."""
    here = Path(__file__).resolve().parent
    return os.pathsep.join([*(str(here / each) for each in libraries), *filter(None, [os.environ.get("PYTHONPATH")])])
