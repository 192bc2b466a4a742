"""USB readers that type badge numbers like a keyboard, grabbed so that nothing reaches the console."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hw.frames.keyboard_wedge import LONGEST, SHORTEST, Characters, KeyboardDecoder
from hw.frames.presentation import SLOW_SILENCE_MS, Presentations
from hw.health import DeviceHealth
from hw.input_device import InputDevice
from hw.parts import Parts
from hw.ports import BadgeRead
from hw.readers.freshness import Freshness
from hw.settings import DeviceSettings, Wiring

TECHNOLOGY = "keyboard"
GARBAGE_AFTER = 4  # numbers refused in a row

Device = Annotated[
    str,
    msgspec.Meta(
        max_length=255,
        pattern=r"^(/.+|[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4})$",
        description="a path such as /dev/input/by-id/usb-reader-event-kbd, or vendor:product such as 08ff:0009",
    ),
]


class KeyboardWedgeSettings(DeviceSettings, frozen=True, tag="keyboard_wedge"):
    """A reader by its path, or by vendor:product where there is only one of them.

    `layout` is what a number consists of; with `length`, only numbers of that many characters are taken.
    """

    device: Device
    layout: Characters = "digits"
    length: Annotated[int, msgspec.Meta(ge=SHORTEST, le=LONGEST)] | None = None

    def wiring(self) -> Wiring:
        device = self.device if self.device.startswith("/") else self.device.lower()
        return Wiring(port=device, port_key="device")


class KeyboardWedgeReader:
    """One BadgeRead for each presentation. It does not decide what a badge may do, and logs nothing that is typed."""

    def __init__(self, name: str, settings: KeyboardWedgeSettings, parts: Parts) -> None:
        self.name = name
        self._parts = parts
        self._decoder = KeyboardDecoder(settings.layout, settings.length)
        self._presentations = Presentations(SLOW_SILENCE_MS)
        self._health = DeviceHealth(name, "reader", parts.emit)
        self._freshness = Freshness(parts.mono_ms)
        self._refused_before = 0
        self._device = InputDevice(
            settings.device,
            on_key=self._pressed,
            on_lost=self._lost,
            on_up=self._came_up,
            on_down=self._went_down,
        )

    async def start(self) -> None:
        """Grab the reader, now or as soon as it is there."""
        self._freshness.start()
        self._device.start()

    async def stop(self) -> None:
        """Let the reader go."""
        self._device.stop()
        self._freshness.stop()

    def _pressed(self, code: int) -> None:
        now_ms = self._parts.mono_ms()
        number = self._decoder.press(code, now_ms)
        if number is not None:
            self._refused_before = self._decoder.refused
            self._health.well()
            if self._presentations.is_new(number, now_ms):
                stale = self._freshness.is_stale(now_ms)
                self._parts.emit(BadgeRead(self.name, TECHNOLOGY, number, now_ms, stale))
        elif self._decoder.refused - self._refused_before >= GARBAGE_AFTER:
            detail = "types no number of this layout and length: correct them, and set it to a US keyboard with Enter"
            self._health.fault("garbage", f"reader {self.name} {detail}")

    def _came_up(self) -> None:
        self._freshness.came_up()
        self._health.well()

    def _lost(self) -> None:
        self._decoder.lost(self._parts.mono_ms())

    def _went_down(self, code: str, detail: str) -> None:
        self._freshness.went_down()
        self._health.fault(code, detail)


def build(name: str, settings: KeyboardWedgeSettings, parts: Parts) -> KeyboardWedgeReader:
    """The reader behind its input device."""
    return KeyboardWedgeReader(name, settings, parts)
