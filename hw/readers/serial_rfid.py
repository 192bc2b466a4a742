"""Serial 125 kHz readers: RDM6300, ID-12LA and ID-20LA."""

from __future__ import annotations

from hw.frames.presentation import Presentations
from hw.frames.rdm6300 import Rdm6300Decoder
from hw.health import DeviceHealth
from hw.parts import Parts
from hw.ports import BadgeRead, Emit, MonoMs
from hw.readers.freshness import Freshness
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
# A frame that is cut or hit by noise is normal; this much without one valid frame is a wrong device or a bad wire.
GARBAGE_BYTES = 512
REPEATS_MS = 65  # how often a held badge is said again


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
        self._freshness = Freshness(mono_ms)

    async def start(self) -> None:
        """Open the port, now or as soon as it is there."""
        self._freshness.start()
        self._line.start()

    async def stop(self) -> None:
        """Close the port."""
        self._line.stop()
        self._freshness.stop()

    def _received(self, data: bytes) -> None:
        now_ms = self._mono_ms()
        numbers = self._decoder.feed(data)
        for behind, number in zip(range(len(numbers) - 1, -1, -1), numbers, strict=True):
            self._garbage_allowed = self._decoder.garbage + GARBAGE_BYTES
            self._health.well()
            # Those that came together have waited for a busy loop: meanwhile the badge was not away.
            if self._presentations.is_new(number, now_ms - behind * REPEATS_MS):
                self._emit(BadgeRead(self.name, TECHNOLOGY, number, now_ms, self._freshness.is_stale(now_ms)))
        if self._decoder.garbage > self._garbage_allowed:
            self._health.fault("garbage", f"reader {self.name} sends no valid frame: check its kind, baud and wiring")

    def _came_up(self) -> None:
        self._decoder = Rdm6300Decoder()
        self._garbage_allowed = GARBAGE_BYTES
        self._freshness.came_up()
        self._health.well()

    def _went_down(self, code: str, detail: str) -> None:
        self._freshness.went_down()
        self._health.fault(code, detail)


def build(name: str, settings: Rdm6300Settings, parts: Parts) -> SerialRfidReader:
    """The reader on its port."""
    return SerialRfidReader(name, settings.port, parts.emit, parts.mono_ms)
