"""What the settings types of several drivers share: port paths, pins and pulse lengths."""

from __future__ import annotations

from typing import Annotated

import msgspec

DEFAULT_PULSE_MS = 300
PULSE_MIN_MS = 100
PULSE_MAX_MS = 1000

PortPath = Annotated[str, msgspec.Meta(min_length=2, max_length=255, pattern="^/")]
# BCM numbers of a 40-pin header; 0 and 1 belong to the HAT EEPROM.
BcmPin = Annotated[int, msgspec.Meta(ge=2, le=27)]
PulseMs = Annotated[int, msgspec.Meta(ge=PULSE_MIN_MS, le=PULSE_MAX_MS)]
