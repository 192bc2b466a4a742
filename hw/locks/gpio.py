"""Locks and door contacts wired straight to the pins of the Pi, about 12 of them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hw.settings import BcmPin, PulseMs

# Pins that the Pi pulls down at boot; on the others an active-high driver would fire before any program runs.
LOW_AT_BOOT = frozenset((*range(9, 14), *range(16, 28)))


class GpioBoardSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver", tag="gpio"):
    """BCM pins: `locks[0]` and `doors[0]` are channel 1. Without `doors` nobody can tell whether a door opened.

    Contacts are wired normally closed, so that a cut wire reads open: `doors_open_level` is the level of an open door.
    """

    locks: Annotated[list[BcmPin], msgspec.Meta(min_length=1, max_length=13)]
    doors: list[BcmPin] = []
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
