"""Wiegand readers and keypads on two pins of the Pi, D0 and D1."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec

from hw.frames.keypad import Burst
from hw.frames.presentation import SLOW_SILENCE_MS, Presentations
from hw.frames.wiegand import (
    ENDLESS,
    LAYOUTS,
    Badge,
    Bits,
    Frame,
    Key,
    Layout,
    Refused,
    WiegandCodec,
    WiegandDecoder,
)
from hw.health import DeviceHealth
from hw.parts import Parts
from hw.ports import BadgeRead, KeyPressed
from hw.pulse_pins import PulsePins
from hw.readers.freshness import Freshness
from hw.settings import BcmPin, DeviceSettings, Wiring

# 25 ms without a pulse end a frame; edges may wait a little longer in the pin library's thread. What is no frame yet is
# given more time before it is refused: a busy machine delivers late.
QUIET_S = 0.040
PATIENCE_S = 0.150
SWAPPED_AFTER = 3  # refused frames in a row that would all be sound with D0 and D1 exchanged
GARBAGE_AFTER = 8  # refused frames in a row, whatever is wrong with them


class WiegandSettings(DeviceSettings, frozen=True, tag="wiegand"):
    """A reader on pins `d0` and `d1` (BCM). It takes frames of `formats`; one of `layouts` stands in for the usual one
    of its length. `keypad` is the bits that each key is sent with.
    """

    d0: BcmPin
    d1: BcmPin
    formats: Annotated[tuple[Bits, ...], msgspec.Meta(min_length=1)] = (26, 34, 37)
    layouts: tuple[Layout, ...] = ()
    keypad: Burst | None = None

    def __post_init__(self) -> None:
        lengths = [layout.bits for layout in self.layouts]
        if len(set(lengths)) < len(lengths):
            raise ValueError("layouts: give one layout for each length")
        if not set(lengths) <= set(self.formats):
            raise ValueError("layouts: each must have a length that stands in formats")

    @property
    def has_keypad(self) -> bool:
        """Whether somebody can type a PIN at this reader."""
        return self.keypad is not None

    def wiring(self) -> Wiring:
        return Wiring(pins={("d0",): self.d0, ("d1",): self.d1})

    def codec(self) -> WiegandCodec:
        """What judges the frames of this reader."""
        layouts: dict[int, Layout] = {bits: LAYOUTS[bits] for bits in self.formats}
        return WiegandCodec([*(layouts | {layout.bits: layout for layout in self.layouts}).values()], self.keypad)


class WiegandReader:
    """One BadgeRead for each presentation, one KeyPressed for each key.

    It does not decide what a badge may do, and puts no PIN together.
    """

    def __init__(self, name: str, settings: WiegandSettings, parts: Parts) -> None:
        self.name = name
        self._parts = parts
        self._decoder = WiegandDecoder(settings.codec())
        self._presentations = Presentations(SLOW_SILENCE_MS)
        self._health = DeviceHealth(name, "reader", parts.emit)
        self._freshness = Freshness(parts.mono_ms)
        self._pins = PulsePins(
            (settings.d0, settings.d1),
            on_pulse=self._pulse,
            on_lost=self._decoder.lost,
            on_held_low=self._held_low,
            on_up=self._came_up,
            on_down=self._went_down,
        )
        self._last_us = 0
        self._arrived_s = 0.0
        self._quiet_timer: asyncio.TimerHandle | None = None
        self._bad = self._swapped = 0
        self._is_held_low = False

    @property
    def refused(self) -> int:
        """Frames that were refused since the program began."""
        return self._decoder.refused

    async def start(self) -> None:
        """Claim the pins, now or as soon as they can be had."""
        self._loop = asyncio.get_running_loop()
        self._freshness.start()
        self._pins.start()

    async def stop(self) -> None:
        """Give the pins back."""
        self._pins.stop()
        self._freshness.stop()
        if self._quiet_timer is not None:
            self._quiet_timer.cancel()

    def _pulse(self, line: int, at_us: int) -> None:
        ended_us = self._last_us
        frame = self._decoder.edge(line, at_us)
        self._last_us = at_us
        if frame is not None:
            self._judge(frame, ended_us)
        self._arrived_s = self._loop.time()
        if self._quiet_timer is None:
            self._quiet_timer = self._loop.call_later(QUIET_S, self._perhaps_quiet)

    def _perhaps_quiet(self) -> None:
        # Edges that arrived while the loop was busy have been taken before any timer runs: they count here.
        self._quiet_timer = None
        wait_s = QUIET_S if self._decoder.looks_whole else PATIENCE_S
        remaining_s = self._arrived_s + wait_s - self._loop.time()
        if remaining_s > 0:
            self._quiet_timer = self._loop.call_later(remaining_s, self._perhaps_quiet)
        elif (frame := self._decoder.silence()) is not None:
            self._judge(frame, self._last_us)

    def _judge(self, frame: Frame, at_us: int) -> None:
        now_ms = self._parts.mono_ms()
        at_ms = now_ms - self._pins.age_ms(at_us)
        if isinstance(frame, Refused):
            self._refuse(frame)
            return
        stale = self._freshness.is_stale(now_ms)
        if isinstance(frame, Key):
            # A burst has no parity: with the wires exchanged it would be another key.
            if not stale and self._swapped < SWAPPED_AFTER:
                self._parts.emit(KeyPressed(self.name, frame.key, at_ms))
            return
        self._bad = self._swapped = 0
        self._health.well()
        self._present(frame, at_ms, stale)

    def _present(self, badge: Badge, at_ms: int, stale: bool) -> None:
        if self._presentations.is_new(badge.number, at_ms):
            self._parts.emit(BadgeRead(self.name, badge.technology, badge.number, at_ms, stale))

    def _refuse(self, frame: Refused) -> None:
        self._bad += 1
        self._swapped = self._swapped + 1 if frame.swapped else 0
        if self._swapped == SWAPPED_AFTER:
            detail = "every frame would be sound with D0 and D1 exchanged: exchange the two wires, or d0 and d1"
            self._health.fault("swapped", f"reader {self.name}: {detail}")
        elif self._bad >= GARBAGE_AFTER and frame.bits == ENDLESS:
            # No card does that: nobody is heard at this reader, and nobody can type at it.
            detail = "a data line pulses without pause: check its cable, power and ground"
            self._health.fault("failed", f"reader {self.name}: {detail}")
        elif self._bad == GARBAGE_AFTER and self._swapped < SWAPPED_AFTER:
            wrong = f"{self._bad} frames in a row were refused, the last for its {frame.why} ({frame.bits} bits)"
            self._health.fault("garbage", f"reader {self.name}: {wrong}: check formats, layouts and wiring")

    def _held_low(self, lines: list[int]) -> None:
        if lines:
            self._is_held_low = True
            names = " and ".join(f"D{line}" for line in lines)
            detail = f"{names} low at rest: is the reader powered, with ground in common, and are its wires right?"
            self._health.fault("silent", f"reader {self.name}: {detail}")
        elif self._is_held_low:
            self._is_held_low = False
            self._health.well()

    def _came_up(self) -> None:
        self._freshness.came_up()
        self._health.well()

    def _went_down(self, code: str, detail: str) -> None:
        self._freshness.went_down()
        self._decoder.lost()
        self._health.fault(code, detail)


def build(name: str, settings: WiegandSettings, parts: Parts) -> WiegandReader:
    """The reader on its pins."""
    return WiegandReader(name, settings, parts)
