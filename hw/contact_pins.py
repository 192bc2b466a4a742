"""Contacts on the pins of the Pi: gpiozero's thread says that something changed, the loop looks and decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from hw.backoff import Backoff
from hw.contacts import DEBOUNCE_MS, Contacts
from hw.errors import PinsUnavailable
from hw.pins import drop_pin_factory, pin_factory, unavailable
from hw.ports import MonoMs

LOOK_EVERY_S = 1.0  # finds an edge that the pin library lost, and pins that went away


class ContactPins:
    """Watches the contacts. `on_contact(number, open, at_ms)` for each new or changed state, in the loop's thread.

    `on_up()` after each successful start, `on_down(code, detail)` when the pins cannot be had.
    """

    def __init__(
        self,
        pins: Sequence[int],
        open_is_high: bool,
        mono_ms: MonoMs,
        *,
        on_contact: Callable[[int, bool, int], None],
        on_up: Callable[[], None],
        on_down: Callable[[str, str], None],
    ) -> None:
        self._numbers = list(pins)
        self._open_is_high = open_is_high
        self._mono_ms = mono_ms
        self._on_contact = on_contact
        self._on_up = on_up
        self._on_down = on_down
        self._contacts = Contacts(len(pins))
        self._factory: Any = None
        self._lost = False
        self._devices: list[Any] = []
        self._backoff = Backoff()
        self._timer: asyncio.TimerHandle | None = None
        self._look_soon: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Claim the inputs and look at them, now or as soon as they can be had. Must be called in the loop."""
        self._loop = asyncio.get_running_loop()
        try:
            self._claim()
            self._look()
        except PinsUnavailable as error:
            self._failed(error)
            return
        self._backoff.reset()
        self._on_up()
        self._timer = self._loop.call_later(LOOK_EVERY_S, self._look_again)

    def stop(self) -> None:
        """Give the inputs back."""
        for timer in (self._timer, self._look_soon):
            if timer is not None:
                timer.cancel()
        self._timer = self._look_soon = None
        devices, self._devices = self._devices, []
        for device in devices:
            try:
                device.close()
            except Exception:  # noqa: BLE001, S112 - pin libraries raise anything; these pins are gone already
                continue

    def _claim(self) -> None:
        self._factory = factory = pin_factory()
        from gpiozero.input_devices import DigitalInputDevice

        try:
            for number in self._numbers:
                # Contacts are normally closed: the pull makes a cut wire read open.
                device = DigitalInputDevice(
                    number, pull_up=self._open_is_high, bounce_time=DEBOUNCE_MS / 1000, pin_factory=factory
                )
                self._devices.append(device)
                device.when_activated = device.when_deactivated = self._edge
        except Exception as error:
            raise unavailable(error) from error

    def _edge(self) -> None:
        """Called by gpiozero in a thread of its own."""
        self._loop.call_soon_threadsafe(self._changed)

    def _changed(self) -> None:
        # RPi.GPIO reports the first edge of a bounce and lgpio the last: look now, and again when it has settled.
        if self._look_soon is None and self._devices:
            self._safely_look()

    def _look_again(self) -> None:
        self._timer = self._loop.call_later(LOOK_EVERY_S, self._look_again)
        self._safely_look()

    def _settled(self) -> None:
        self._look_soon = None
        self._safely_look()

    def _safely_look(self) -> None:
        try:
            self._look()
        except PinsUnavailable as error:
            self._failed(error)

    def _look(self) -> None:
        now_ms = self._mono_ms()
        opened = 0
        try:
            for bit, device in enumerate(self._devices):
                # `is_active` is the level that the pull opposes: with a pull-up, active is low.
                opened |= (not device.is_active) << bit
        except Exception as error:
            self._lost = True  # pins that worked went away: their factory went with them
            raise unavailable(error) from error
        for channel, is_open in self._contacts.sample(opened, now_ms):
            self._on_contact(channel, is_open, now_ms)
        if self._contacts.unsettled and self._look_soon is None:
            self._look_soon = self._loop.call_later((DEBOUNCE_MS + 1) / 1000, self._settled)

    def _failed(self, error: PinsUnavailable) -> None:
        self.stop()
        if self._lost or error.code == "missing":
            drop_pin_factory(self._factory)
            self._lost = False
        self._timer = self._loop.call_later(self._backoff.wait_s(), self.start)
        self._on_down(error.code, str(error))
