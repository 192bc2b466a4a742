"""Contacts that the pulse keeper looks at, because it alone talks to their chip: debounced in the controller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hw.contacts import DEBOUNCE_MS, Contacts
from hw.ports import MonoMs


class KeptContacts:
    """Contacts 1 to `count`, as bits of what the keeper tells: bit 0 is the first.

    `on_contact(number, open, at_ms)` for each that is new or has changed. `open_levels`: the bits that are set when
    all are open.
    """

    def __init__(
        self, count: int, open_levels: int, mono_ms: MonoMs, on_contact: Callable[[int, bool, int], None]
    ) -> None:
        self._flip = ~open_levels & ((1 << count) - 1)
        self._mono_ms = mono_ms
        self._on_contact = on_contact
        self._contacts = Contacts(count)
        self._levels = 0
        self._settle: asyncio.TimerHandle | None = None

    def heard(self, levels: int) -> None:
        """The keeper has looked. It tells a change once, so what is unsettled is judged again without it."""
        self._levels = levels
        self._cancel()
        now_ms = self._mono_ms()
        for number, is_open in self._contacts.sample(levels ^ self._flip, now_ms):
            self._on_contact(number, is_open, now_ms)
        if self._contacts.unsettled:
            self._settle = asyncio.get_running_loop().call_later((DEBOUNCE_MS + 1) / 1000, self._settled)

    def stop(self) -> None:
        """Judge nothing more."""
        self._cancel()

    def _settled(self) -> None:
        self._settle = None
        self.heard(self._levels)

    def _cancel(self) -> None:
        if self._settle is not None:
            self._settle.cancel()
            self._settle = None
