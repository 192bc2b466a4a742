"""Locks and door contacts wired straight to the pins of the Pi, about 12 of them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

import msgspec

from hw.door_pins import DoorPins
from hw.errors import LineClosed, Path, ReleaseForbidden
from hw.health import DeviceHealth
from hw.keeper_link import KeeperLink
from hw.parts import Parts
from hw.ports import Coil, DoorSensed, LockAccepted, LockFailed, Permit
from hw.settings import BcmPin, DeviceSettings, PulseMs, Wiring

# Pins that the Pi pulls down at boot; on the others an active-high driver would fire before any program runs.
LOW_AT_BOOT = frozenset((*range(9, 14), *range(16, 28)))


class GpioBoardSettings(DeviceSettings, frozen=True, tag="gpio"):
    """BCM pins: `locks[0]` and `doors[0]` are channel 1. Without `doors` nobody can tell whether a door opened.

    Contacts are wired normally closed, so that a cut wire reads open: `doors_open_level` is the level of an open door.
    """

    locks: Annotated[list[BcmPin], msgspec.Meta(min_length=1, max_length=13)]
    doors: list[BcmPin] = msgspec.field(default_factory=list)
    active_high: bool = True
    doors_open_level: Literal["high", "low"] = "high"
    pulse_ms: PulseMs | None = None

    def __post_init__(self) -> None:
        if self.doors and len(self.doors) != len(self.locks):
            raise ValueError(
                f"doors: {len(self.doors)} pins for {len(self.locks)} locks; allowed: one for each lock, or none"
            )
        risky = [pin for pin in self.locks if pin not in LOW_AT_BOOT]
        if self.active_high and risky:
            pins = ", ".join(map(str, risky))
            raise ValueError(
                f"locks: pin {pins} is not low while the Pi boots; allowed with active_high: 9-13 and 16-27"
            )

    def wiring(self) -> Wiring:
        locks: dict[Path, int] = {("locks", index): pin for index, pin in enumerate(self.locks)}
        doors: dict[Path, int] = {("doors", index): pin for index, pin in enumerate(self.doors)}
        return Wiring(pins=locks | doors, channels=len(self.locks))


class GpioBoard:
    """Coils through the pulse keeper, door contacts through gpiozero, under one name.

    It does not decide whether a release is due, and drops the coil on time without the controller's help.
    """

    def __init__(self, name: str, settings: GpioBoardSettings, parts: Parts) -> None:
        self.name = name
        self.pulse_ms = settings.pulse_ms or parts.pulse_ms
        self._locks = settings.locks
        self._has_doors = bool(settings.doors)
        self._guard = parts.guard
        self._mono_ms = parts.mono_ms
        self._emit = parts.emit
        self._health = DeviceHealth(name, "board", parts.emit)
        self._down: dict[str, tuple[str, str]] = {}  # "keeper" and "doors": fault and detail
        self._unconfirmed: dict[int, int] = {}  # permit -> channel
        self._started = asyncio.Event()
        self._keeper = KeeperLink(
            settings.locks,
            settings.active_high,
            on_ready=self._keeper_ready,
            on_answer=self._answered,
            on_lost=self._keeper_lost,
        )
        self._doors = DoorPins(
            settings.doors,
            settings.doors_open_level == "high",
            parts.mono_ms,
            on_door=self._door,
            on_up=lambda: self._up("doors"),
            on_down=lambda code, detail: self._went_down("doors", code, detail),
        )

    @property
    def keeper_pid(self) -> int | None:
        """The process that owns the coil lines, while there is one."""
        return self._keeper.pid

    async def start(self) -> None:
        """Start the keeper, which claims all coils off, and the door contacts; waits for the keeper's first word."""
        self._keeper.start()
        if self._has_doors:
            self._doors.start()
        await self._started.wait()

    def release(self, channel: int, permit: Permit) -> None:
        """Have the keeper pulse one coil; see `hw.ports.LockBoard`."""
        if not self._keeper.is_ready or not 1 <= channel <= len(self._locks):
            self._guard.withdraw(permit)
            self._failed(channel, "closed")
            return
        try:
            self._guard.consume(permit, Coil(self.name, channel), self.pulse_ms)
            self._keeper.pulse(self._locks[channel - 1], self.pulse_ms, permit.number)
        except ReleaseForbidden:
            self._guard.withdraw(permit)
            self._failed(channel, "refused_by_guard")
        except LineClosed:
            self._failed(channel, "closed")
        else:
            self._unconfirmed[permit.number] = channel

    def all_off(self) -> None:
        """Drop all coils now."""
        self._keeper.all_off()

    async def stop(self) -> None:
        """Drop all coils and let the pins go."""
        self._doors.stop()
        await self._keeper.stop()
        self._lose_unconfirmed()

    def _answered(self, verb: str, permit: int) -> None:
        if verb == "off":
            return
        channel = self._unconfirmed.pop(permit, None)
        if channel is None:
            return
        if verb == "on":
            self._emit(LockAccepted(self.name, channel, self._mono_ms()))
        else:
            self._failed(channel, "refused_by_guard")

    def _keeper_ready(self) -> None:
        self._started.set()
        self._up("keeper")

    def _keeper_lost(self, code: str, detail: str) -> None:
        self._started.set()
        self._went_down("keeper", code, detail)
        self._lose_unconfirmed()

    def _lose_unconfirmed(self) -> None:
        lost, self._unconfirmed = self._unconfirmed, {}
        for channel in lost.values():
            self._failed(channel, "keeper_lost")

    def _door(self, channel: int, is_open: bool, at_ms: int) -> None:
        self._emit(DoorSensed(self.name, channel, is_open, at_ms))

    def _failed(self, channel: int, code: str) -> None:
        self._emit(LockFailed(self.name, channel, code, self._mono_ms()))

    def _went_down(self, part: str, code: str, detail: str) -> None:
        self._down[part] = (code, detail)
        self._health.fault(code, detail)

    def _up(self, part: str) -> None:
        self._down.pop(part, None)
        if self._down:
            self._health.fault(*next(iter(self._down.values())))
        else:
            self._health.well()


def build(name: str, settings: GpioBoardSettings, parts: Parts) -> GpioBoard:
    """The board; its keeper starts with it."""
    return GpioBoard(name, settings, parts)
