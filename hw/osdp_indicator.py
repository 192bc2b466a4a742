"""The light and the buzzer that an OSDP reader has itself. The reader times them: nothing stays on after a crash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

from hw.errors import HardwareError
from hw.osdp_line import Command
from hw.parts import Parts
from hw.ports import Signal
from hw.readers.osdp import OsdpReader
from hw.settings import DeviceSettings, Wiring

BLACK, RED, GREEN, AMBER = 0, 1, 2, 3  # OSDP 2.2, table of osdp_LED colours
_LED, _BUZZER = 2, 3  # libosdp's commands (osdp.Command), without loading it


class OsdpIndicatorSettings(DeviceSettings, frozen=True, tag="osdp"):
    """`reader` is the name of an OSDP reader of this bank."""

    reader: Annotated[str, msgspec.Meta(min_length=1, description="the name of an OSDP reader, as in [readers.NAME]")]

    def wiring(self) -> Wiring:
        return Wiring(reader=self.reader)


@dataclass(frozen=True, slots=True)
class Shown:
    """One signal, times in tenths of a second: a colour, or two in turns, and beeps."""

    colour: int
    last: int
    other: int = BLACK
    turn: int = 0
    beeps: int = 1
    beep: int = 2


SHOWN: Mapping[Signal, Shown] = {
    Signal.GRANTED: Shown(GREEN, 30),
    Signal.REFUSED: Shown(RED, 30, beeps=2),
    Signal.SEE_WORKER: Shown(AMBER, 30, beep=3),
    Signal.MESSAGE_WAITING: Shown(GREEN, 30, other=AMBER, turn=3),
    Signal.ENTER_PIN: Shown(AMBER, 145, other=GREEN, turn=4, beep=1),
    Signal.FAULT: Shown(RED, 28, turn=3, beep=3),
    Signal.IDENTIFY: Shown(AMBER, 95, turn=5, beep=5),
}
_DARK: Command = {
    "command": _LED, "reader": 0, "led_number": 0, "temporary": False, "control_code": 1,
    "on_count": 0, "off_count": 1, "on_color": BLACK, "off_color": BLACK,
}  # fmt: skip
_IDLE: list[Command] = [
    {**_DARK, "temporary": True, "timer_count": 0},
    {"command": _BUZZER, "reader": 0, "control_code": 1, "on_count": 0, "off_count": 0, "rep_count": 0},
]


def commands(signal: Signal) -> list[Command]:
    """What the reader is told."""
    shown = SHOWN.get(signal)
    if shown is None:
        return _IDLE
    light: Command = {
        "command": _LED, "reader": 0, "led_number": 0, "temporary": True, "control_code": 2,
        "on_count": shown.turn or shown.last, "off_count": shown.turn, "on_color": shown.colour,
        "off_color": shown.other, "timer_count": shown.last,
    }  # fmt: skip
    sound: Command = {
        "command": _BUZZER, "reader": 0, "control_code": 2,
        "on_count": shown.beep, "off_count": shown.beep, "rep_count": shown.beeps,
    }  # fmt: skip
    return [light, sound]


class OsdpIndicator:
    """Speaks through its reader; a reader that is away shows nothing, and its fault is the reader's."""

    def __init__(self, name: str, reader: OsdpReader) -> None:
        self.name = name
        self._reader = reader

    async def start(self) -> None:
        """Dark between signals, from the reader's first answer on: some light up by themselves."""
        self._reader.on_secured = lambda: self._reader.command([_DARK, *_IDLE])

    def show(self, signal: Signal) -> None:
        """Show one signal in place of the one that is shown."""
        self._reader.command(commands(signal))

    def close(self) -> None:
        """The reader ends what it shows by itself."""
        self._reader.on_secured = None


def build(name: str, settings: OsdpIndicatorSettings, parts: Parts) -> OsdpIndicator:
    """The indicator at its reader, which is built before it. Raises HardwareError where there is no such reader."""

    def missing() -> OsdpReader:
        raise HardwareError(f"indicator {name}: there is no OSDP reader {settings.reader!r} on this bank")

    return OsdpIndicator(name, parts.shared(("osdp_reader", settings.reader), missing))
