"""What the settings types of the drivers share: what each device takes of the machine, port paths, pins and pulses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
KeyPath = Annotated[
    str,
    msgspec.Meta(
        min_length=2, max_length=255, pattern="^/", description="the path of a key file, such as /etc/casier/site.key"
    ),
]
# BCM numbers of a 40-pin header; 0 and 1 belong to the HAT EEPROM.
BcmPin = Annotated[int, msgspec.Meta(ge=2, le=27)]
# What the Pi pulls its pins to until a program claims them. On 14 and 15 the console may talk instead.
LOW_AT_BOOT = frozenset((*range(9, 14), *range(16, 28)))
HIGH_AT_BOOT = frozenset(range(2, 9))
NEVER_FOR_LOCKS = frozenset((14, 15))
PULLED_UP_ON_BOARD = frozenset((2, 3))  # 1.8k, for I2C: no other resistor outweighs them
PulseMs = Annotated[int, msgspec.Meta(ge=PULSE_MIN_MS, le=PULSE_MAX_MS)]


@dataclass(frozen=True, slots=True)
class Wiring:
    """What one device takes, for the checks between devices.

    `pins`: BCM number by the path of its key in the device's table. A `port` (in its key `port_key`) is shared only by
    devices of the same `bus` with different addresses. `channels`: how many locks it has. `fixed_pulse_ms`: its pulse,
    where it cannot be told one. `reader`: the reader of the same driver through which an indicator speaks.
    """

    pins: Mapping[Path, int] = field(default_factory=dict)
    port: str | None = None
    port_key: str = "port"
    bus: str | None = None
    address: int | None = None
    channels: int = 0
    fixed_pulse_ms: int | None = None
    reader: str | None = None


class DeviceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver"):
    """Base of all settings: one device's table in the bank's TOML file, decoded strictly."""

    def wiring(self) -> Wiring:
        """What the device takes of the machine."""
        raise NotImplementedError


def one_for_each_lock(locks: int, **others: Sequence[object]) -> None:
    """Raises ValueError where a list of other lines is not as long as that of the locks, and not empty."""
    for key, lines in others.items():
        if lines and len(lines) != locks:
            raise ValueError(f"{key}: {len(lines)} pins for {locks} locks; allowed: one for each lock, or none")
