"""Stands in for the library lgpio, on a simulated Pi: the calls of gpiozero's LGPIOFactory and of our drivers.

As with lgpio, a line is claimed at a level, low unless told otherwise; a debounced edge is reported when its level has
been stable; and the kernel lets one program at a time hold a line. It makes the machine a Pi 4B to gpiozero.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gpiozero.pins.local

from simulator.errors import LineError, PiGoneError
from simulator.pin_link import PinLink

SET_ACTIVE_LOW, SET_OPEN_DRAIN, SET_OPEN_SOURCE = 4, 8, 16
SET_PULL_UP, SET_PULL_DOWN, SET_PULL_NONE = 32, 64, 128
RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3
_IS_OUT = 2
_PULLS = {SET_PULL_UP: "up", SET_PULL_DOWN: "down"}
_EDGES = {RISING_EDGE: "rising", FALLING_EDGE: "falling", BOTH_EDGES: "both"}

gpiozero.pins.local.get_pi_revision = lambda: 0xC03111


class error(Exception):  # noqa: N801, N818 - lgpio's name
    """What every call raises that fails."""


class _Chip:
    """One opened chip: its end of the socket, and what was claimed on it."""

    def __init__(self) -> None:
        self.link = PinLink()
        self.modes: dict[int, int] = {}
        self.debounce_us: dict[int, int] = {}


_chips: dict[int, _Chip] = {}


def gpiochip_open(gpiochip: int) -> int:
    try:
        chip = _Chip()
    except PiGoneError as gone:
        raise error(f"can not open gpiochip ({gone})") from gone
    handle = max(_chips, default=gpiochip - 1) + 1
    _chips[handle] = chip
    return handle


def gpiochip_close(handle: int) -> int:
    _chips.pop(handle).link.close()
    return 0


def gpio_claim_input(handle: int, gpio: int, lFlags: int = 0) -> int:  # noqa: N803 - lgpio's name
    _claim_input(handle, gpio, lFlags)
    return 0


def gpio_claim_output(handle: int, gpio: int, level: int = 0, lFlags: int = 0) -> int:  # noqa: N803 - lgpio's name
    _ask(handle, f"claim {gpio} output {int(bool(level))}")
    _chips[handle].modes[gpio] = _IS_OUT | lFlags
    return 0


def gpio_claim_alert(handle: int, gpio: int, eFlags: int, lFlags: int = 0, notify_handle: Any = None) -> int:  # noqa: ARG001, N803 - lgpio's names
    _claim_input(handle, gpio, lFlags)
    return 0


def gpio_free(handle: int, gpio: int) -> int:
    _chips[handle].modes.pop(gpio, None)
    return 0


def gpio_get_mode(handle: int, gpio: int) -> int:
    return _chips[handle].modes.get(gpio, 0)


def gpio_read(handle: int, gpio: int) -> int:
    return int(_ask(handle, f"read {gpio}"))


def gpio_write(handle: int, gpio: int, level: int) -> int:
    if not _chips[handle].modes.get(gpio, 0) & _IS_OUT:
        raise error("GPIO not set as an output")
    try:
        _chips[handle].link.tell(f"write {gpio} {int(bool(level))}")
    except PiGoneError as gone:
        raise error(str(gone)) from gone
    return 0


def gpio_set_debounce_micros(handle: int, gpio: int, debounce_micros: int) -> int:
    _chips[handle].debounce_us[gpio] = debounce_micros
    return 0


@dataclass
class callback:  # noqa: N801 - lgpio's name
    """Calls `func(chip, gpio, level, nanoseconds)` in a thread of the library's, until it is cancelled."""

    handle: int
    gpio: int
    edge: int = RISING_EDGE
    func: Callable[[int, int, int, int], None] | None = None

    def __post_init__(self) -> None:
        chip = _chips[self.handle]
        chip.link.watch(self.gpio, _EDGES[self.edge], chip.debounce_us.get(self.gpio, 0), self._seen)

    def cancel(self) -> None:
        try:
            _chips[self.handle].link.unwatch(self.gpio)
        except PiGoneError as gone:
            raise error(str(gone)) from gone

    def _seen(self, seconds: float, level: bool) -> None:
        if self.func is not None:
            self.func(self.handle, self.gpio, int(level), int(seconds * 1e9))


def _claim_input(handle: int, gpio: int, flags: int) -> None:
    try:
        _ask(handle, f"claim {gpio} input 0")
    except error:
        if flags == SET_PULL_NONE and gpio in _chips[handle].modes:
            return  # how gpiozero lets go of a line; when the simulated Pi has hung up, nothing holds it any more
        raise
    _ask(handle, f"pull {gpio} {next((pull for flag, pull in _PULLS.items() if flags & flag), 'floating')}")
    _chips[handle].modes[gpio] = flags


def _ask(handle: int, request: str) -> str:
    try:
        return _chips[handle].link.ask(request)
    except LineError as refused:
        raise error("GPIO busy" if refused.code == "busy" else str(refused)) from refused
    except PiGoneError as gone:
        raise error(str(gone)) from gone
