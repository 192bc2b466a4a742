"""Lights and a buzzer on the pins of the Pi."""

from __future__ import annotations

import msgspec

from hw.settings import BcmPin


class GpioIndicatorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver", tag="gpio"):
    """BCM pins of three lights and a buzzer; any of them may be missing, not all."""

    green: BcmPin | None = None
    red: BcmPin | None = None
    amber: BcmPin | None = None
    buzzer: BcmPin | None = None
    active_high: bool = True

    def __post_init__(self) -> None:
        if self.green is self.red is self.amber is self.buzzer is None:
            raise ValueError("give at least one of green, red, amber, buzzer")
