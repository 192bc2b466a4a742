"""Builds the hardware of one bank from its settings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hw import registry
from hw.errors import Path, ReleaseForbidden
from hw.parts import Parts
from hw.ports import BadgeReader, BankInput, Coil, Emit, Indicator, LockBoard, MonoMs, Signal
from hw.release_guard import GuardLimits, ReleaseGuard
from hw.settings import DEFAULT_PULSE_MS, DeviceSettings

_log = logging.getLogger("hw")


@dataclass(frozen=True, slots=True)
class CoilUse:
    """One locker's coil: its power group, and where the bank's TOML file says so (for messages)."""

    coil: Coil
    group: str
    path: Path


@dataclass(frozen=True, slots=True)
class HardwareConfig:
    """All devices of one bank by TOML name, decoded by `hw.registry.decode`; and the coils of its lockers.

    `pulse_ms` is `[releases] pulse_ms`, None where the file does not give it.
    """

    readers: Mapping[str, DeviceSettings] = field(default_factory=dict)
    boards: Mapping[str, DeviceSettings] = field(default_factory=dict)
    indicators: Mapping[str, DeviceSettings] = field(default_factory=dict)
    inputs: Mapping[str, DeviceSettings] = field(default_factory=dict)
    coils: tuple[CoilUse, ...] = ()
    pulse_ms: int | None = None


class Hardware:
    """The devices of one bank. Each starts, fails and recovers by itself."""

    def __init__(
        self,
        guard: ReleaseGuard,
        readers: Mapping[str, BadgeReader],
        boards: Mapping[str, LockBoard],
        indicators: Mapping[str, Indicator],
        inputs: Mapping[str, BankInput],
        beside: Mapping[str, str] | None = None,
    ) -> None:
        self.guard = guard
        self.readers = readers
        self.boards = boards
        self.indicators = indicators
        self.inputs = inputs
        self._beside = beside or {}  # the reader of an indicator that has one

    async def start(self) -> None:
        """Start every device, all coils off first. Missing hardware is reported, never raised."""
        await asyncio.gather(*(board.start() for board in self.boards.values()))
        await asyncio.gather(*(indicator.start() for indicator in self.indicators.values()))
        await asyncio.gather(*(device.start() for device in (*self.readers.values(), *self.inputs.values())))

    def pulse_ms(self, coil: Coil) -> int:
        """How long a release energises this coil, in milliseconds. Raises KeyError for a board there is not."""
        return self.boards[coil.board].pulse_ms

    def release(self, coil: Coil) -> None:
        """Energise one coil once, now. Raises ReleaseForbidden, and then nothing goes out.

        Otherwise one LockAccepted or LockFailed follows. Nothing is ever repeated.
        """
        board = self.boards.get(coil.board)
        if board is None:
            raise ReleaseForbidden("unknown_coil", f"there is no board {coil.board}")
        board.release(coil.channel, self.guard.permit(coil, board.pulse_ms))

    def has_light(self, coil: Coil) -> bool:
        """Whether the locker behind this coil has a light of its own."""
        return callable(getattr(self.boards[coil.board], "light", None))

    def light(self, coil: Coil, on: bool) -> None:
        """Switch the light at one locker; nothing where its board has none."""
        light = getattr(self.boards[coil.board], "light", None)
        if light is not None:
            light(coil.channel, on)

    def show(self, signal: Signal, reader: str | None = None) -> None:
        """Show a signal to whoever stands at that reader: on its own indicators and those of no reader; or on all."""
        for name, indicator in self.indicators.items():
            if reader is None or self._beside.get(name, reader) == reader:
                indicator.show(signal)

    def all_off(self) -> None:
        """Drop every coil and every release that waits: the way out of a fatal error.

        A board that fails keeps no other from it.
        """
        for name, board in self.boards.items():
            try:
                board.all_off()
            except Exception:  # noqa: BLE001 - whatever it is, the next board's coils are to go off too
                _log.exception("board %s did not take the order to drop its coils", name)

    async def stop(self) -> None:
        """All coils off, then everything closed."""
        self.all_off()
        devices = (*self.readers.values(), *self.inputs.values(), *self.boards.values())
        for ended in await asyncio.gather(*(device.stop() for device in devices), return_exceptions=True):
            if isinstance(ended, Exception):
                _log.error("a device could not be closed", exc_info=ended)
        for indicator in self.indicators.values():
            indicator.close()


def build(config: HardwareConfig, emit: Emit, mono_ms: MonoMs, limits: GuardLimits | None = None) -> Hardware:
    """The devices of a configuration that `hw.wiring.check` finds nothing wrong with. Opens nothing yet.

    `mono_ms` is the monotonic clock. Charge the returned `guard` with the journal's last minute before the start.
    """
    groups = {use.coil: use.group for use in config.coils}
    guard = ReleaseGuard(limits or GuardLimits(), groups, mono_ms)
    parts = Parts(emit, guard, mono_ms, config.pulse_ms or DEFAULT_PULSE_MS)

    def devices(section: registry.Section, settings: Mapping[str, DeviceSettings]) -> dict[str, Any]:
        return {name: registry.builder(section, each)(name, each, parts) for name, each in settings.items()}

    return Hardware(
        guard,
        devices("readers", config.readers),
        devices("boards", config.boards),
        devices("indicators", config.indicators),
        devices("inputs", config.inputs),
        {name: reader for name, each in config.indicators.items() if (reader := getattr(each, "reader", None))},
    )
