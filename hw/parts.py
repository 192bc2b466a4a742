"""What a driver is built from, besides its own settings."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from hw.ports import Emit, MonoMs
from hw.release_guard import ReleaseGuard

T = TypeVar("T")


class Parts:
    """One bank's guard, clock and event sink; and what several of its devices share, such as a serial line."""

    def __init__(self, emit: Emit, guard: ReleaseGuard, mono_ms: MonoMs, pulse_ms: int) -> None:
        self.emit = emit
        self.guard = guard
        self.mono_ms = mono_ms
        self.pulse_ms = pulse_ms
        self._shared: dict[Hashable, object] = {}

    def shared(self, key: Hashable, make: Callable[[], T]) -> T:
        """The one object for `key`, made at the first call. Keys name the kind of object and what it sits on."""
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]  # type: ignore[return-value]  # the key names the kind
