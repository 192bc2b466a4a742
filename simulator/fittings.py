"""How devices sit in their bank: what the bank tells each of them, and what it hears of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from simulator.devices import Device, Listening, Reader, SerialBoard
from simulator.serial_line import SerialLine

SensorKind = Literal["door", "latch"]


@dataclass(frozen=True, slots=True)
class Circuit:
    """The wires between a bank and one of its boards; channels count from 1, times are monotonic milliseconds.

    `door_open` and `latch_open` are what the two sensors of a channel say. `on_coil(channel, on, at)` and
    `on_light(channel, on)` are called by the board.
    """

    name: str
    door_open: Callable[[int], bool]
    latch_open: Callable[[int], bool]
    on_coil: Callable[[int, bool, float], None]
    on_light: Callable[[int, bool], None]


class Cable(Protocol):
    """What can be pulled out."""

    @property
    def plugged(self) -> bool:
        """Whether it is in."""

    async def plug(self) -> None:
        """Put it in: it is there when this returns."""

    def unplug(self) -> None:
        """Pull it out."""


class Fitting(Protocol):
    """A device in its bank. `cable` is None where nothing can be pulled out."""

    @property
    def device(self) -> Device:
        """The device itself."""

    @property
    def cable(self) -> Cable | None:
        """What connects it to the Pi."""

    def advance(self, now: float) -> None:
        """Let time pass."""

    def stop(self) -> None:
        """Let nothing more happen."""


class BoardFitting(Fitting, Protocol):
    """A lock board in its bank."""

    def sensor_moved(self, channel: int, sensor: SensorKind, is_open: bool) -> None:
        """A sensor of one of its channels says something else now."""


class ReaderFitting(Fitting, Protocol):
    """A badge reader in its bank."""

    @property
    def device(self) -> Reader:
        """The reader itself."""


class BoardOnLine:
    """A lock board on a serial line; `dip` is the address that its DIP switch should have."""

    def __init__(self, device: SerialBoard, line: SerialLine) -> None:
        self.device = device
        self.dip = device.address
        self.cable = line
        line.add_board(device)

    def advance(self, now: float) -> None:
        """Let the board's own timers run."""
        self.device.advance(now)

    def sensor_moved(self, channel: int, sensor: SensorKind, is_open: bool) -> None:  # noqa: ARG002 - the board asks
        """Let a board speak that does so by itself."""
        if sensor == "door":
            self.cable.send(self.device.feedback_changed(channel))

    def stop(self) -> None:
        """It has nothing of its own that goes on."""


class ReaderOnLine:
    """A reader on a serial line; `on_frames(at)` hears that it has spoken by itself."""

    def __init__(self, device: Reader, line: SerialLine, on_frames: Callable[[], None]) -> None:
        self.device = device
        self.cable = line
        self._on_frames = on_frames
        if isinstance(device, Listening):
            line.reader = device

    def advance(self, now: float) -> None:
        """Put on the line what is due."""
        frames = self.device.advance(now)
        if frames:
            self.cable.send(frames)
            self._on_frames()

    def stop(self) -> None:
        """It has nothing of its own that goes on."""


class ReaderByItself:
    """A reader that drives pins, or types: its line is nobody else's and no bytes come back."""

    def __init__(self, device: Reader, cable: Cable | None = None) -> None:
        self.device = device
        self.cable = cable

    def advance(self, now: float) -> None:
        """Let it drive what is due."""
        self.device.advance(now)

    def stop(self) -> None:
        """It has nothing of its own that goes on."""
