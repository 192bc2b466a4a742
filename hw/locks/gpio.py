"""Locks, their contacts and lights wired straight to the pins of the Pi, about 12 of them."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

import msgspec

from hw.contact_pins import ContactPins
from hw.errors import Path
from hw.locks.kept import KeptBoard, keeper_words
from hw.parts import Parts
from hw.ports import SensorKind
from hw.settings import (
    HIGH_AT_BOOT,
    LOW_AT_BOOT,
    NEVER_FOR_LOCKS,
    PULLED_UP_ON_BOARD,
    BcmPin,
    DeviceSettings,
    PulseMs,
    Wiring,
    one_for_each_lock,
)

Level = Literal["high", "low"]
_PULL_UPS_HINT = ", or any but 14 and 15 with off_resistors = true where a pull-up of 10k is fitted to each"


class GpioBoardSettings(DeviceSettings, frozen=True, tag="gpio"):
    """BCM pins: the first of `locks`, `doors`, `latches` and `lights` belong to channel 1.

    Without `doors` nobody can tell whether a door opened. `latches` are second contacts, on the bolts. Contacts are
    wired normally closed, so that a cut wire reads open: `doors_open_level` is the level of an open door.
    `off_resistors`: a resistor of 10k or less holds every lock's line off while nothing drives it.
    """

    locks: Annotated[list[BcmPin], msgspec.Meta(min_length=1, max_length=13)]
    doors: list[BcmPin] = msgspec.field(default_factory=list)
    latches: list[BcmPin] = msgspec.field(default_factory=list)
    lights: list[BcmPin] = msgspec.field(default_factory=list)
    active_high: bool = True
    lights_active_high: bool = True
    doors_open_level: Level = "high"
    latches_open_level: Level = "high"
    off_resistors: bool = False
    pulse_ms: PulseMs | None = None

    def __post_init__(self) -> None:
        one_for_each_lock(len(self.locks), doors=self.doors, latches=self.latches, lights=self.lights)
        self._check_boot()
        for key, pins, level in (
            ("doors", self.doors, self.doors_open_level),
            ("latches", self.latches, self.latches_open_level),
        ):
            if level == "low" and (fixed := PULLED_UP_ON_BOARD & set(pins)):
                raise ValueError(
                    f"{key}: pin {_listed(fixed)} has a pull-up on the Pi's board and cannot wait for a high level; "
                    "allowed: 4 to 27"
                )

    def wiring(self) -> Wiring:
        uses = {"locks": self.locks, "doors": self.doors, "latches": self.latches, "lights": self.lights}
        pins: dict[Path, int] = {(key, index): pin for key, pins in uses.items() for index, pin in enumerate(pins)}
        return Wiring(pins=pins, channels=len(self.locks))

    def _check_boot(self) -> None:
        """A lock's line must be off from power-up on, long before any program runs."""
        level, allowed, hint = ("low", LOW_AT_BOOT, "") if self.active_high else ("high", HIGH_AT_BOOT, _PULL_UPS_HINT)
        if self.off_resistors:
            unfit = NEVER_FOR_LOCKS | (PULLED_UP_ON_BOARD if self.active_high else frozenset())
            allowed, hint = frozenset(range(2, 28)) - unfit, ""
        if risky := set(self.locks) - allowed:
            raise ValueError(
                f"locks: pin {_listed(risky)} is not {level} while the Pi boots, and would fire its lock; "
                f"allowed with active_high = {str(self.active_high).lower()}: {_ranges(allowed)}{hint}"
            )


class GpioBoard(KeptBoard):
    """Coils and lights through the pulse keeper, contacts through gpiozero, under one name."""

    def __init__(self, name: str, settings: GpioBoardSettings, parts: Parts) -> None:
        keeper = keeper_words(
            locks=settings.locks,
            on="high" if settings.active_high else "low",
            lights=settings.lights,
            lit="high" if settings.lights_active_high else "low",
        )
        super().__init__(name, ["gpio", *keeper], settings.locks, settings.lights, settings.pulse_ms, parts)
        self._contacts = [
            *self._pins("door", settings.doors, settings.doors_open_level, parts),
            *self._pins("latch", settings.latches, settings.latches_open_level, parts),
        ]

    def start_contacts(self) -> None:
        """See KeptBoard."""
        for contacts in self._contacts:
            contacts.start()

    def stop_contacts(self) -> None:
        """See KeptBoard."""
        for contacts in self._contacts:
            contacts.stop()

    def _pins(self, sensor: SensorKind, pins: list[int], open_level: Level, parts: Parts) -> list[ContactPins]:
        if not pins:
            return []
        watched = ContactPins(
            pins,
            open_level == "high",
            parts.mono_ms,
            on_contact=partial(self.sensed, sensor),
            on_up=partial(self.came_up, sensor),
            on_down=partial(self.went_down, sensor),
        )
        return [watched]


def _listed(pins: set[int] | frozenset[int]) -> str:
    return ", ".join(map(str, sorted(pins)))


def _ranges(pins: frozenset[int]) -> str:
    """Pins as people write them: 9-13 and 16-27."""
    firsts = [pin for pin in sorted(pins) if pin - 1 not in pins]
    lasts = [pin for pin in sorted(pins) if pin + 1 not in pins]
    return " and ".join(f"{first}-{last}" for first, last in zip(firsts, lasts, strict=True))


def build(name: str, settings: GpioBoardSettings, parts: Parts) -> GpioBoard:
    """The board; its keeper starts with it."""
    return GpioBoard(name, settings, parts)
