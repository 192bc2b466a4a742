"""A Raspberry Pi's 28 lines without I/O: who holds them, what drives them, and every level they ever had."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from simulator.errors import LineError

Function = Literal["input", "output"]
Pull = Literal["up", "down", "floating"]

LINES = range(28)
PULLED_UP_AT_BOOT = range(9)  # BCM 0-8; the others boot with a pull-down
TRANSITIONS_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of a line's level. `by` is the client that caused it, "world" for a contact, "boot" for power."""

    line: int
    level: bool
    at_ns: int
    by: str


@dataclass(slots=True)
class Line:
    """One line: its function, pull and holder, what a client drives and what the wiring drives."""

    number: int
    function: Function = "input"
    pull: Pull = "floating"
    holder: str | None = None
    driven: bool = False
    wired: bool | None = None
    """Level the circuit outside drives: a contact to ground is False; None is an open contact or a cut wire."""
    resistor: Pull = "floating"
    """The resistor fitted on the board, which holds the line when nothing else does."""
    level: bool = False

    def settle(self) -> bool:
        """The level the line takes; one that nothing holds keeps its last (a floating coil line stays dangerous)."""
        if self.function == "output":
            return self.driven
        if self.wired is not None:
            return self.wired
        for pull in (self.resistor, self.pull):  # a fitted 10k outweighs the Pi's own 50k
            if pull != "floating":
                return pull == "up"
        return self.level

    @property
    def contended(self) -> bool:
        """Whether the Pi and the wiring drive against each other: a short circuit on real hardware."""
        return self.function == "output" and self.wired is not None and self.wired != self.driven


def _boot_pull(number: int) -> Pull:
    return "up" if number in PULLED_UP_AT_BOOT else "down"


def _nothing(line: int, level: bool, at_ns: int) -> None:
    """A Pi that nothing is wired to."""


class SimulatedPi:
    """The lines of one Pi. Times are monotonic nanoseconds given by the caller.

    `on_level(line, level, at_ns)` is called on every change. With `strict_gpiod` the lines of a dead client go back to
    inputs; without it they stay driven, as the Pi's kernel leaves them (raspberrypi/linux PR 6117).
    """

    def __init__(self, *, strict_gpiod: bool = False) -> None:
        self.strict_gpiod = strict_gpiod
        self.on_level: Callable[[int, bool, int], None] = _nothing
        self.lines = {number: Line(number, pull=_boot_pull(number)) for number in LINES}
        for line in self.lines.values():
            line.level = line.settle()
        self.transitions: deque[Transition] = deque(maxlen=TRANSITIONS_KEPT)

    def claim(self, client: str, number: int, function: Function, at_ns: int, *, level: bool = False) -> None:
        """Give the line to `client`, as an input without pull or as an output that is at `level` from the first moment.

        An active-low board that is claimed at the default level therefore pulses, as in the field. Raises LineError.
        """
        line = self._line(number)
        if line.holder not in (None, client):
            raise LineError("busy", f"GPIO{number} is held by {line.holder}: one program owns a line at a time")
        line.holder = client
        line.function = function
        line.driven = level
        line.pull = "floating"
        self._settle(line, at_ns, client)

    def pull(self, client: str, number: int, pull: Pull, at_ns: int) -> None:
        """Switch the pull of an input that `client` holds. Raises LineError."""
        line = self._held(client, number)
        if line.function != "input":
            raise LineError("not_input", f"GPIO{number} is an output: a pull is only for inputs")
        line.pull = pull
        self._settle(line, at_ns, client)

    def write(self, client: str, number: int, level: bool, at_ns: int) -> None:
        """Drive an output that `client` holds. Raises LineError."""
        line = self._held(client, number)
        if line.function != "output":
            raise LineError("not_output", f"GPIO{number} is an input: claim it as an output before writing")
        line.driven = level
        self._settle(line, at_ns, client)

    def read(self, number: int) -> bool:
        """The level on the line now. Raises LineError for a line the Pi does not have."""
        return self._line(number).level

    def wire(self, number: int, level: bool | None, at_ns: int) -> None:
        """Let the circuit outside drive the line (None: let go of it)."""
        line = self._line(number)
        line.wired = level
        self._settle(line, at_ns, "world")

    def fit(self, number: int, resistor: Pull) -> None:
        """Solder a pull resistor to the line, with the power off: active-high drivers need pull-downs."""
        line = self._line(number)
        line.resistor = resistor
        line.level = line.settle()

    def solder(self, number: int, level: bool | None) -> None:
        """Connect a circuit to the line, with the power off: nothing is recorded."""
        line = self._line(number)
        line.wired = level
        line.level = line.settle()

    def client_gone(self, client: str, at_ns: int) -> None:
        """The client's process ended, however it ended: its lines are free, its outputs stay driven unless strict."""
        for line in self.lines.values():
            if line.holder == client:
                line.holder = None
                if self.strict_gpiod:
                    line.function, line.pull = "input", _boot_pull(line.number)
                    self._settle(line, at_ns, client)

    def reboot(self, at_ns: int) -> None:
        """Power went off and came back: every line is an input with its boot pull, held by nobody."""
        for line in self.lines.values():
            line.holder, line.function, line.pull = None, "input", _boot_pull(line.number)
            self._settle(line, at_ns, "boot")

    def _line(self, number: int) -> Line:
        try:
            return self.lines[number]
        except KeyError:
            raise LineError("no_line", f"a Pi has GPIO0 to GPIO27, not GPIO{number}") from None

    def _held(self, client: str, number: int) -> Line:
        line = self._line(number)
        if line.holder != client:
            raise LineError("not_held", f"GPIO{number} is not held by {client}: claim it first")
        return line

    def _settle(self, line: Line, at_ns: int, by: str) -> None:
        level = line.settle()
        if level != line.level:
            line.level = level
            self.transitions.append(Transition(line.number, level, at_ns, by))
            self.on_level(line.number, level, at_ns)
