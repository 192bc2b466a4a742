"""Stands in for the library RPi.GPIO, on a simulated Pi: the calls of gpiozero's RPiGPIOFactory.

As with RPi.GPIO, an output that is set up with its initial level has it from the first moment; an edge is reported at
once, and none after it for the bounce time. It makes the machine a Pi 4B to gpiozero.
"""
# ruff: noqa: N999 - its name

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gpiozero.pins.local

from simulator.errors import LineError, PiGoneError
from simulator.pin_link import PinLink

BOARD, BCM = 10, 11
OUT, IN = 0, 1
LOW, HIGH = 0, 1
SERIAL, SPI, I2C, HARD_PWM, UNKNOWN = 40, 41, 42, 43, -1
PUD_OFF, PUD_DOWN, PUD_UP = 20, 21, 22
RISING, FALLING, BOTH = 31, 32, 33
_PULLS = {PUD_OFF: "floating", PUD_DOWN: "down", PUD_UP: "up"}
_EDGES = {RISING: "rising", FALLING: "falling", BOTH: "both"}

gpiozero.pins.local.get_pi_revision = lambda: 0xC03111

_functions: dict[int, int] = {}
_link: PinLink | None = None


def setmode(mode: int) -> None:
    if mode != BCM:
        raise ValueError("An invalid mode was passed to setmode()")
    _pi()


def setwarnings(_on: bool) -> None:
    """Nothing is warned of here."""


def setup(channel: int, direction: int, pull_up_down: int = PUD_OFF, initial: int = -1) -> None:
    if direction == OUT:
        # The registers keep the level that was last written: without `initial` the line takes what it had.
        level = bool(initial) if initial != -1 else _functions.get(channel) == OUT and bool(input(channel))
        _ask(f"claim {channel} output {int(level)}")
    else:
        _ask(f"claim {channel} input 0")
        _ask(f"pull {channel} {_PULLS[pull_up_down]}")
    _functions[channel] = direction


def output(channel: int, value: int) -> None:
    if _functions.get(channel) != OUT:
        raise RuntimeError("The GPIO channel has not been set up as an OUTPUT")
    with _errors():
        _pi().tell(f"write {channel} {int(bool(value))}")


def input(channel: int) -> int:
    return int(_ask(f"read {channel}"))


def gpio_function(channel: int) -> int:
    return _functions.get(channel, IN)


def add_event_detect(
    channel: int, edge: int, callback: Callable[[int], None] | None = None, bouncetime: int = -666
) -> None:
    last = 0.0

    def seen(_seconds: float, _level: bool) -> None:
        nonlocal last
        now = time.monotonic()
        if bouncetime > 0 and now - last < bouncetime / 1000:
            return
        last = now
        if callback is not None:
            callback(channel)

    with _errors():
        _pi().watch(channel, _EDGES[edge], 0, seen)


def remove_event_detect(channel: int) -> None:
    if _link is None:  # went away with the pins; gpiozero's destructors come late
        return
    with _errors():
        _link.unwatch(channel)


def cleanup(channel: int | None = None) -> None:
    """The lines become inputs without a pull again; without a channel, all that were set up."""
    global _link
    for each in [channel] if channel is not None else list(_functions):
        _functions.pop(each, None)
        if _link is not None:
            _ask(f"claim {each} input 0")
    if channel is None and _link is not None:
        _link.close()
        _link = None


def _pi() -> PinLink:
    global _link
    if _link is None:
        try:
            _link = PinLink()
        except PiGoneError as gone:
            raise RuntimeError(f"No access to /dev/mem. Try running as root! ({gone})") from gone
    return _link


def _ask(request: str) -> str:
    with _errors():
        return _pi().ask(request)


@contextmanager
def _errors() -> Iterator[None]:
    global _link
    try:
        yield
    except LineError as refused:
        raise RuntimeError(str(refused)) from refused
    except PiGoneError as gone:
        if _link is not None:  # registers do not hang up: a simulated Pi that comes back is found again
            _link.close()
            _link = None
        raise RuntimeError(str(gone)) from gone
