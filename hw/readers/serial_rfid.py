"""Serial 125 kHz readers: RDM6300, ID-12LA and ID-20LA."""

from __future__ import annotations

import asyncio

from hw.frames.presentation import Presentations
from hw.frames.rdm6300 import Rdm6300Decoder
from hw.health import DeviceHealth
from hw.parts import Parts
from hw.ports import BadgeRead, Emit, MonoMs
from hw.serial_line import SerialLine
from hw.settings import DeviceSettings, PortPath, Wiring


class Rdm6300Settings(DeviceSettings, frozen=True, tag="rdm6300"):
    """An RDM6300 on a serial port."""

    port: PortPath

    def wiring(self) -> Wiring:
        return Wiring(port=self.port)


class Id12laSettings(Rdm6300Settings, frozen=True, tag="id12la"):
    """An ID-12LA or ID-20LA on a serial port."""


BAUD = 9600
TECHNOLOGY = "em4100"
STALE_MS = 1000  # what comes in the first second after a reopening may have been queued
# A program that was stopped finds in the port what was read meanwhile, by someone who may be gone.
ASLEEP_MS = 2000
AWAKE_EVERY_S = 0.5
# A frame that is cut or hit by noise is normal; this much without one valid frame is a wrong device or a bad wire.
GARBAGE_BYTES = 512


class SerialRfidReader:
    """Reads either of them: one BadgeRead for each presentation, however long the badge is held.

    It does not decide what a badge may do, and knows no digest.
    """

    def __init__(self, name: str, port: str, emit: Emit, mono_ms: MonoMs) -> None:
        self.name = name
        self._emit = emit
        self._mono_ms = mono_ms
        self._line = SerialLine(port, BAUD, on_bytes=self._received, on_up=self._came_up, on_down=self._went_down)
        self._health = DeviceHealth(name, "reader", emit)
        self._decoder = Rdm6300Decoder()
        self._presentations = Presentations()
        self._garbage_allowed = GARBAGE_BYTES
        self._was_down = False
        self._stale_until_ms = self._awake_ms = mono_ms()
        self._tick: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Open the port, now or as soon as it is there."""
        self._stay_awake()
        self._line.start()

    async def stop(self) -> None:
        """Close the port."""
        self._line.stop()
        if self._tick is not None:
            self._tick.cancel()

    def _stay_awake(self) -> None:
        self._awake_ms = self._mono_ms()
        self._tick = asyncio.get_running_loop().call_later(AWAKE_EVERY_S, self._stay_awake)

    def _received(self, data: bytes) -> None:
        now_ms = self._mono_ms()
        for number in self._decoder.feed(data):
            self._garbage_allowed = self._decoder.garbage + GARBAGE_BYTES
            self._health.well()
            if self._presentations.is_new(number, now_ms):
                stale = now_ms < self._stale_until_ms or now_ms - self._awake_ms > ASLEEP_MS
                self._emit(BadgeRead(self.name, TECHNOLOGY, number, now_ms, stale))
        if self._decoder.garbage > self._garbage_allowed:
            self._health.fault("garbage", f"reader {self.name} sends no valid frame: check its kind, baud and wiring")

    def _came_up(self) -> None:
        self._decoder = Rdm6300Decoder()
        self._garbage_allowed = GARBAGE_BYTES
        if self._was_down:
            self._stale_until_ms = self._mono_ms() + STALE_MS
        self._health.well()

    def _went_down(self, code: str, detail: str) -> None:
        self._was_down = True
        self._health.fault(code, detail)


def build(name: str, settings: Rdm6300Settings, parts: Parts) -> SerialRfidReader:
    """The reader on its port."""
    return SerialRfidReader(name, settings.port, parts.emit, parts.mono_ms)
