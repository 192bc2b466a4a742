"""Where one bank's simulated devices stand on this machine, and how a controller's process finds them."""

import os
from pathlib import Path

SMBUS2 = Path(__file__).parent / "stand_ins" / "smbus2"


class Places:
    """The paths of one bank under the state folder."""

    def __init__(self, state: Path, bank: str) -> None:
        self.folder = state.resolve() / bank
        self.reader = self.line("reader")
        self.boards = self.line("boards")
        self.pins = self.folder / "pins.sock"
        self.i2c = self.folder / "i2c-1"
        self.alarm = self.folder / "in0_lcrit_alarm"

    def line(self, name: str) -> Path:
        """The path of a serial line."""
        return self.folder / f"{name}.tty"

    def key(self, line: str) -> Path:
        """The key file of the reader on a line."""
        return self.folder / f"{line}.key"

    def input_device(self, number: int) -> Path:
        """The path of a keyboard-like device, as /dev/input/event0."""
        return self.folder / f"event{number}"

    def environment(self) -> dict[str, str]:
        """What a controller (and its pulse keeper) needs in its environment to find the simulated pins and buses."""
        return {
            "GPIOZERO_PIN_FACTORY": "casier-sim",
            "CASIER_SIM_PINS": str(self.pins),
            "CASIER_EVDEV": "simulator.evdev",
            "CASIER_SIM_INPUT": str(self.folder),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(SMBUS2), os.environ.get("PYTHONPATH")))),
        }
