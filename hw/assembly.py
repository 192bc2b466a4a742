"""Builds the hardware of one bank from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from hw.errors import Path
from hw.ports import Coil


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

    readers: Mapping[str, msgspec.Struct] = field(default_factory=dict)
    boards: Mapping[str, msgspec.Struct] = field(default_factory=dict)
    indicators: Mapping[str, msgspec.Struct] = field(default_factory=dict)
    coils: tuple[CoilUse, ...] = ()
    pulse_ms: int | None = None
