"""A contact of the bank itself on a pin of the Pi: the enclosure's tamper switch, a relay that the mains hold."""

from __future__ import annotations

from typing import Literal

from hw.contact_pins import ContactPins
from hw.health import DeviceHealth
from hw.parts import Parts
from hw.ports import InputSensed
from hw.settings import PULLED_UP_ON_BOARD, BcmPin, DeviceSettings, Wiring


class GpioInputSettings(DeviceSettings, frozen=True, tag="gpio"):
    """A BCM pin and what its contact tells.

    Wired normally closed to ground: closed while the enclosure is shut, or while the mains hold the relay. A cut wire
    then reads as tampering, or as mains gone. `active_level` is the level that means so.
    """

    pin: BcmPin
    kind: Literal["tamper", "mains"]
    active_level: Literal["high", "low"] = "high"

    def __post_init__(self) -> None:
        if self.active_level == "low" and self.pin in PULLED_UP_ON_BOARD:
            raise ValueError(
                f"pin: {self.pin} has a pull-up on the Pi's board and cannot wait for a high level; allowed: 4 to 27"
            )

    def wiring(self) -> Wiring:
        return Wiring(pins={("pin",): self.pin})


class GpioInput:
    """Watches one contact, debounced. It does not decide what tampering or a power cut means."""

    def __init__(self, name: str, settings: GpioInputSettings, parts: Parts) -> None:
        self.name = name
        self._kind = settings.kind
        self._emit = parts.emit
        health = DeviceHealth(name, "input", parts.emit)
        self._contact = ContactPins(
            [settings.pin],
            settings.active_level == "high",
            parts.mono_ms,
            on_contact=self._sensed,
            on_up=health.well,
            on_down=health.fault,
        )

    async def start(self) -> None:
        """Watch the contact, now or as soon as the pins can be had."""
        self._contact.start()

    async def stop(self) -> None:
        """Give the pin back."""
        self._contact.stop()

    def _sensed(self, _number: int, active: bool, at_ms: int) -> None:
        self._emit(InputSensed(self.name, self._kind, active, at_ms))


def build(name: str, settings: GpioInputSettings, parts: Parts) -> GpioInput:
    """The input on its pin."""
    return GpioInput(name, settings, parts)
