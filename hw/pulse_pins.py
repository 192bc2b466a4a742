"""Pulses on pins of the Pi: gpiozero's thread only notes each edge with its time, the loop takes them in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from hw.backoff import Backoff
from hw.errors import PinsUnavailable
from hw.pins import drop_pin_factory, pin_factory, unavailable

LOOK_EVERY_S = 1.0  # finds pins that went away, and lines that are held low
EDGES_MOST = 4096  # a floating wire must not fill the memory while the loop is busy


class PulsePins:
    """Inputs that rest high, pulled up; a pulse is a short low.

    In the loop's thread: `on_pulse(index, at_us)` for each pulse, `index` being the pin's place in `pins` and `at_us` a
    clock that is only good for differences; `on_lost()` when edges came faster than they could be kept; `on_held_low`
    each second with the indexes of the pins that were low at two looks in a row; `on_up()` and `on_down(code, detail)`.
    """

    def __init__(
        self,
        pins: Sequence[int],
        *,
        on_pulse: Callable[[int, int], None],
        on_lost: Callable[[], None],
        on_held_low: Callable[[list[int]], None],
        on_up: Callable[[], None],
        on_down: Callable[[str, str], None],
    ) -> None:
        self._numbers = list(pins)
        self._on_pulse = on_pulse
        self._on_lost = on_lost
        self._on_held_low = on_held_low
        self._on_up = on_up
        self._on_down = on_down
        self._factory: Any = None
        self._devices: list[Any] = []
        self._watchers: list[Callable[[float, bool], None]] = []
        self._edges: deque[tuple[int, float]] = deque()
        self._overrun = False
        self._woken = False
        self._low: set[int] = set()
        self._worked = False
        self._backoff = Backoff()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Claim the pins and watch them, now or as soon as they can be had. Must be called in the loop."""
        self._loop = asyncio.get_running_loop()
        try:
            self._claim()
        except PinsUnavailable as error:
            self._failed(error)
            return
        self._worked = True
        self._backoff.reset()
        self._on_up()
        self._timer = self._loop.call_later(LOOK_EVERY_S, self._look)

    def stop(self) -> None:
        """Give the pins back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        devices, self._devices = self._devices, []
        for device in devices:
            try:
                device.pin.when_changed = None  # lgpio's pins would go on calling
                device.close()
            except Exception:  # noqa: BLE001, S112 - pin libraries raise anything; these pins are gone already
                continue
        self._edges.clear()
        self._low.clear()

    def age_ms(self, at_us: int) -> int:
        """How long ago a pulse was, in milliseconds; 0 where the edges carry another clock than the pin factory's."""
        try:
            now: float = self._factory.ticks()
        except Exception:  # noqa: BLE001 - pin libraries raise anything; the pins just went away
            return 0
        return max(0, (int(now * 1e6) - at_us) // 1000)

    def _take(self) -> None:
        """Hand on the edges that are waiting; those that come meanwhile wake the loop again."""
        self._woken = False
        if self._overrun:
            self._overrun = False
            self._edges.clear()
            self._on_lost()
        for _ in range(len(self._edges)):
            index, ticks = self._edges.popleft()
            self._on_pulse(index, int(ticks * 1e6))

    def _claim(self) -> None:
        self._factory = factory = pin_factory()
        from gpiozero.input_devices import InputDevice

        try:
            self._watchers = [self._watcher(index) for index in range(len(self._numbers))]  # gpiozero keeps weak ones
            for number, watcher in zip(self._numbers, self._watchers, strict=True):
                device = InputDevice(number, pull_up=True, pin_factory=factory)
                self._devices.append(device)
                device.pin.bounce = None
                device.pin.edges = "falling"
                device.pin.when_changed = watcher
        except Exception as error:
            raise unavailable(error) from error

    def _watcher(self, index: int) -> Callable[[float, bool], None]:
        def seen(ticks: float, _level: bool) -> None:
            """Called by gpiozero in a thread of its own."""
            if len(self._edges) >= EDGES_MOST:
                self._overrun = True
            else:
                self._edges.append((index, ticks))
            if not self._woken:
                self._woken = True
                with suppress(RuntimeError):  # the loop has just been closed
                    self._loop.call_soon_threadsafe(self._take)

        return seen

    def _look(self) -> None:
        try:
            low = {index for index, device in enumerate(self._devices) if not device.pin.state}
        except Exception as error:  # noqa: BLE001 - pin libraries raise anything
            self._failed(unavailable(error))
            return
        self._timer = self._loop.call_later(LOOK_EVERY_S, self._look)
        self._on_held_low(sorted(low & self._low))
        self._low = low

    def _failed(self, error: PinsUnavailable) -> None:
        self.stop()
        if self._worked or error.code == "missing":  # pins that worked went away: their factory went with them
            drop_pin_factory(self._factory)
            self._worked = False
        self._timer = self._loop.call_later(self._backoff.wait_s(), self.start)
        self._on_down(error.code, str(error))
