"""What the settings types of the drivers share: what each device takes of the machine, port paths, pins and pulses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from hw.errors import Path

DEFAULT_PULSE_MS = 300
PULSE_MIN_MS = 100
PULSE_MAX_MS = 1000

PortPath = Annotated[
    str,
    msgspec.Meta(min_length=2, max_length=255, pattern="^/", description="the path of a device, such as /dev/ttyUSB0"),
]
# BCM numbers of a 40-pin header; 0 and 1 belong to the HAT EEPROM.
BcmPin = Annotated[int, msgspec.Meta(ge=2, le=27)]
PulseMs = Annotated[int, msgspec.Meta(ge=PULSE_MIN_MS, le=PULSE_MAX_MS)]


@dataclass(frozen=True, slots=True)
class Wiring:
    """What one device takes, for the checks between devices.

    `pins`: BCM number by the path of its key in the device's table. A `port` is shared only by devices of the same
    `bus` with different addresses. `channels`: how many locks it has. `fixed_pulse_ms`: its pulse, where it cannot be
    told one.
    """

    pins: Mapping[Path, int] = field(default_factory=dict)
    port: str | None = None
    bus: str | None = None
    address: int | None = None
    channels: int = 0
    fixed_pulse_ms: int | None = None


class DeviceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver"):
    """Base of all settings: one device's table in the bank's TOML file, decoded strictly."""

    def wiring(self) -> Wiring:
        """What the device takes of the machine."""
        raise NotImplementedError
