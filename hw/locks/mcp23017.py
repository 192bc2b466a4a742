"""Locks, their contacts and lights on one MCP23017, a chip that adds 16 pins over I2C."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Annotated, Literal

import msgspec

from hw.errors import Path
from hw.frames.mcp23017 import OUTPUTS_ONLY, bit_of
from hw.kept_contacts import KeptContacts
from hw.locks.kept import KeptBoard, keeper_words
from hw.parts import Parts
from hw.ports import SensorKind
from hw.settings import LOW_AT_BOOT, BcmPin, DeviceSettings, PulseMs, Wiring, one_for_each_lock

Level = Literal["high", "low"]
ChipPin = Annotated[str, msgspec.Meta(pattern="^[AB][0-7]$", description="a pin of the chip, A0 to A7 or B0 to B7")]
BusPath = Annotated[str, msgspec.Meta(pattern="^/", description="the path of an I2C bus, such as /dev/i2c-1")]
Address = Annotated[int, msgspec.Meta(ge=0x20, le=0x27, description="0x20 to 0x27, as the chip's A0, A1 and A2 say")]


class Mcp23017Settings(DeviceSettings, frozen=True, tag="mcp23017"):
    """Pins by the names printed on the chip's board: the first of each list belongs to channel 1.

    The chip keeps its coils on when the Pi hangs. It is allowed only where something else ends a pulse then:
    `hardware_timer` (a one-shot or watchdog in the coils' supply), or `reset_line`, the BCM pin on the chip's RESET.
    Contacts are wired normally closed, to ground: an open one reads high.
    """

    address: Address
    locks: Annotated[list[ChipPin], msgspec.Meta(min_length=1, max_length=16)]
    bus: BusPath = "/dev/i2c-1"
    doors: list[ChipPin] = msgspec.field(default_factory=list)
    latches: list[ChipPin] = msgspec.field(default_factory=list)
    lights: list[ChipPin] = msgspec.field(default_factory=list)
    active_high: bool = True
    lights_active_high: bool = True
    doors_open_level: Level = "high"
    latches_open_level: Level = "high"
    hardware_timer: bool = False
    reset_line: BcmPin | None = None
    pulse_ms: PulseMs | None = None

    def __post_init__(self) -> None:
        one_for_each_lock(len(self.locks), doors=self.doors, latches=self.latches, lights=self.lights)
        if not self.hardware_timer and self.reset_line is None:
            raise ValueError(
                "an MCP23017 keeps its coils on when the Pi hangs; allowed: hardware_timer = true where a one-shot or "
                "watchdog cuts the coils' supply, or reset_line = the BCM pin on the chip's RESET"
            )
        if self.reset_line is not None and self.reset_line not in LOW_AT_BOOT:
            raise ValueError(
                f"reset_line: pin {self.reset_line} is not low while the Pi boots; allowed: 9-13 and 16-27, which hold "
                "the chip in reset until the locks are looked after"
            )
        used = Counter((*self.locks, *self.doors, *self.latches, *self.lights))
        if twice := sorted(pin for pin, uses in used.items() if uses > 1):
            raise ValueError(f"{self._last_key_with(twice[0])}: pin {twice[0]} is used twice; give each line its own")
        for key, pins in (("doors", self.doors), ("latches", self.latches)):
            if risky := sorted(set(OUTPUTS_ONLY) & set(pins)):
                raise ValueError(
                    f"{key}: pin {risky[0]} disturbs the bus as an input; allowed: A0 to A6 and B0 to B6, and A7 and "
                    "B7 for locks and lights"
                )

    def wiring(self) -> Wiring:
        pins: dict[Path, int] = {} if self.reset_line is None else {("reset_line",): self.reset_line}
        return Wiring(
            pins=pins,
            port=self.bus,
            port_key="bus",
            bus="i2c",
            address=self.address,
            channels=len(self.locks),
        )

    def _last_key_with(self, pin: str) -> str:
        uses = {"lights": self.lights, "latches": self.latches, "doors": self.doors, "locks": self.locks}
        return next(key for key, pins in uses.items() if pin in pins)


class Mcp23017Board(KeptBoard):
    """One chip, which the pulse keeper alone talks to: it drives the coils and lights, and looks at the contacts."""

    def __init__(self, name: str, settings: Mcp23017Settings, parts: Parts) -> None:
        def bits(pins: list[str]) -> list[int]:
            return [bit_of(pin) for pin in pins]

        keeper = keeper_words(
            bus=settings.bus,
            address=str(settings.address),
            locks=bits(settings.locks),
            on="high" if settings.active_high else "low",
            lights=bits(settings.lights),
            lit="high" if settings.lights_active_high else "low",
            inputs=bits([*settings.doors, *settings.latches]),
            reset="" if settings.reset_line is None else str(settings.reset_line),
        )
        doors = self._contacts("door", len(settings.doors), settings.doors_open_level, parts)
        latches = self._contacts("latch", len(settings.latches), settings.latches_open_level, parts)
        self._doors, self._latches = doors, latches
        self._door_count = len(settings.doors)
        super().__init__(
            name,
            ["mcp23017", *keeper],
            bits(settings.locks),
            bits(settings.lights),
            settings.pulse_ms,
            parts,
            self._heard if settings.doors or settings.latches else None,
        )

    def start_contacts(self) -> None:
        """See KeptBoard: the keeper tells them by itself."""

    def stop_contacts(self) -> None:
        """See KeptBoard."""
        self._doors.stop()
        self._latches.stop()

    def _heard(self, levels: int) -> None:
        self._doors.heard(levels & ((1 << self._door_count) - 1))
        self._latches.heard(levels >> self._door_count)

    def _contacts(self, sensor: SensorKind, count: int, open_level: Level, parts: Parts) -> KeptContacts:
        open_levels = (1 << count) - 1 if open_level == "high" else 0
        return KeptContacts(count, open_levels, parts.mono_ms, partial(self.sensed, sensor))


def build(name: str, settings: Mcp23017Settings, parts: Parts) -> Mcp23017Board:
    """The board; its keeper starts with it."""
    return Mcp23017Board(name, settings, parts)
