"""Where one bank's simulated devices stand on this machine, and how a controller's process finds them."""

from pathlib import Path


class Places:
    """The paths of one bank under the state folder."""

    def __init__(self, state: Path, bank: str) -> None:
        self.folder = state.resolve() / bank
        self.reader = self.line("reader")
        self.boards = self.line("boards")
        self.pins = self.folder / "pins.sock"

    def line(self, name: str) -> Path:
        """The path of a serial line."""
        return self.folder / f"{name}.tty"

    def environment(self) -> dict[str, str]:
        """What a controller (and its pulse keeper) needs in its environment to find the simulated pins and buses."""
        return {"GPIOZERO_PIN_FACTORY": "casier-sim", "CASIER_SIM_PINS": str(self.pins)}
