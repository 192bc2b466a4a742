"""OSDP readers and keypads on an RS-485 line, through libosdp, with Secure Channel enforced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from hw.frames.keypad import key_of_osdp
from hw.frames.osdp import card_number
from hw.frames.presentation import SLOW_SILENCE_MS, Presentations
from hw.health import DeviceHealth
from hw.key_file import read_key
from hw.osdp_line import Command, OsdpLine
from hw.parts import Parts
from hw.ports import BadgeRead, CardRefused, KeyPressed
from hw.readers.freshness import Freshness
from hw.settings import DeviceSettings, KeyPath, PortPath, Wiring

# A reader hands over what it has queued one answer after the other; each comes within this of the one before.
QUEUE_MS = 300
_CARD, _KEYPAD = 1, 2  # libosdp's events (osdp.Event), without loading it


class OsdpSettings(DeviceSettings, frozen=True, tag="osdp"):
    """A reader by its address on a port; `key_file` holds its Secure Channel base key as 32 hex digits, mode 600."""

    port: PortPath
    key_file: KeyPath
    address: Annotated[int, msgspec.Meta(ge=0, le=126)] = 0
    baud: Literal[9600, 19200, 38400, 57600, 115200, 230400] = 9600
    keypad: bool = False

    @property
    def has_keypad(self) -> bool:
        """Whether somebody can type a PIN at this reader."""
        return self.keypad

    def wiring(self) -> Wiring:
        return Wiring(port=self.port, bus=f"osdp at {self.baud} baud", address=self.address)


class OsdpReader:
    """One BadgeRead for each presentation, one KeyPressed for each key.

    It does not decide what a badge may do. A card of an unknown format is CardRefused.
    """

    def __init__(self, name: str, settings: OsdpSettings, parts: Parts, line: OsdpLine) -> None:
        self.name = name
        self.address = settings.address
        self.on_secured: Callable[[], None] | None = None
        self._key_file = Path(settings.key_file)
        self._parts = parts
        self._line = line
        self._presentations = Presentations(SLOW_SILENCE_MS)
        self._health = DeviceHealth(name, "reader", parts.emit)
        self._freshness = Freshness(parts.mono_ms)
        self._freshness.went_down()  # it may have queued badges before this program began
        self._queue_until_ms = parts.mono_ms()
        line.join(self)

    async def start(self) -> None:
        """Begin to talk, now or as soon as the port is there."""
        self._freshness.start()
        self._line.start(self)

    async def stop(self) -> None:
        """Talk no more."""
        self._line.stop(self)
        self._freshness.stop()

    def command(self, commands: list[Command]) -> None:
        """Orders for its light and its buzzer, in place of those that still wait."""
        self._line.command(self.address, commands)

    def key(self) -> bytes:
        """Its key, read anew. Raises KeyUnusable."""
        return read_key(self._key_file)

    def secured(self) -> None:
        """It is there and has proved its key."""
        self._freshness.came_up()
        self._health.well()
        if self.on_secured is not None:
            self.on_secured()

    def unreachable(self, code: str, detail: str) -> None:
        """It is not, or has not."""
        self._freshness.went_down()
        self._health.fault(code, detail)

    def reported(self, event: Mapping[str, Any]) -> None:
        """A card or keys."""
        now_ms = self._parts.mono_ms()
        stale = self._is_stale(now_ms)
        if event["event"] == _CARD:
            self._card(card_number(event["data"], event.get("length", 0)), now_ms, stale)
        elif event["event"] == _KEYPAD and not stale:
            for character in event["data"]:
                key = key_of_osdp(character)
                if key is not None:
                    self._parts.emit(KeyPressed(self.name, key, now_ms))

    def _card(self, read: tuple[str, str] | None, now_ms: int, stale: bool) -> None:
        if read is None:
            if self._presentations.is_new("", now_ms) and not stale:
                self._parts.emit(CardRefused(self.name, "foreign_card", now_ms))
        elif self._presentations.is_new(read[1], now_ms):
            self._parts.emit(BadgeRead(self.name, *read, now_ms, stale))

    def _is_stale(self, now_ms: int) -> bool:
        """Of the first second after it was lost, or still from the queue that it hands over then."""
        stale = self._freshness.is_stale(now_ms) or now_ms < self._queue_until_ms
        if stale:
            self._queue_until_ms = now_ms + QUEUE_MS
        return stale


def build(name: str, settings: OsdpSettings, parts: Parts) -> OsdpReader:
    """The reader, on the one line of its port."""
    line = parts.shared(("osdp_line", settings.port), lambda: OsdpLine(settings.port, settings.baud, parts.mono_ms))
    reader = OsdpReader(name, settings, parts, line)
    return parts.shared(("osdp_reader", name), lambda: reader)
