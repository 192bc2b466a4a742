"""Undervoltage of the Pi's own supply, as the kernel's driver raspberrypi-hwmon (`rpi_volt`) tells it."""

from __future__ import annotations

import asyncio
from pathlib import Path as FilePath
from typing import Annotated, Literal

import msgspec

from hw.health import DeviceHealth
from hw.parts import Parts
from hw.ports import InputSensed
from hw.settings import DeviceSettings, Wiring

HWMON = FilePath("/sys/class/hwmon")
DRIVER = "rpi_volt"
ALARM = "in0_lcrit_alarm"  # 1 while the firmware sees less than 4.63 V
# The kernel asks the firmware every two seconds; a release lasts 0.3 s, and its sag is kept until it was read.
LOOK_EVERY_S = 1.0


class UndervoltageSettings(DeviceSettings, frozen=True, tag="undervoltage"):
    """`alarm` is the kernel's file, found by itself where there is one `rpi_volt`."""

    alarm: Annotated[str, msgspec.Meta(pattern="^/", description="the path of a file that holds 0 or 1")] | None = None

    @property
    def kind(self) -> Literal["undervoltage"]:
        """What this input tells."""
        return "undervoltage"

    def wiring(self) -> Wiring:
        return Wiring()


class Undervoltage:
    """Looks at the alarm once a second."""

    def __init__(self, name: str, settings: UndervoltageSettings, parts: Parts) -> None:
        self.name = name
        self._given = settings.alarm
        self._emit = parts.emit
        self._mono_ms = parts.mono_ms
        self._health = DeviceHealth(name, "input", parts.emit)
        self._active: bool | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Begin to look; a file that is not there is a fault, and is looked for again."""
        self._look()

    async def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)
        try:
            word = self._alarm().read_text(encoding="ascii", errors="replace").strip()
        except PermissionError as error:
            self._health.fault("permission", f"{error.filename} cannot be read: let the service's user read it")
            return
        except OSError as error:
            self._health.fault("missing", f"{error}: use a Pi with its kernel driver, or give alarm the file's path")
            return
        if word not in ("0", "1"):
            self._health.fault("bad_reply", f"the alarm says {word[:20]!r}, not 0 or 1: look at the path in alarm")
            return
        self._health.well()
        active = word == "1"
        if active != self._active:
            self._active = active
            self._emit(InputSensed(self.name, "undervoltage", active, self._mono_ms()))

    def _alarm(self) -> FilePath:
        """The file to read. Raises OSError."""
        if self._given is not None:
            return FilePath(self._given)
        for name in sorted(HWMON.glob("hwmon*/name")):
            if name.read_text(encoding="ascii", errors="replace").strip() == DRIVER:
                return name.with_name(ALARM)
        raise FileNotFoundError(f"there is no {DRIVER} in {HWMON}")


def build(name: str, settings: UndervoltageSettings, parts: Parts) -> Undervoltage:
    """The input on the kernel's file."""
    return Undervoltage(name, settings, parts)
