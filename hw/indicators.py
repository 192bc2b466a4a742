"""Lights and a buzzer on the pins of the Pi."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from hw.backoff import Backoff
from hw.errors import PinsUnavailable
from hw.health import DeviceHealth
from hw.parts import Parts
from hw.pins import claim_output, drop_pin_factory, pin_factory, unavailable
from hw.ports import Signal
from hw.settings import BcmPin, DeviceSettings, Wiring


class GpioIndicatorSettings(DeviceSettings, frozen=True, tag="gpio"):
    """BCM pins of three lights and a buzzer; any of them may be missing, not all.

    With `reader` they stand at that reader, and say nothing of what is presented at another.
    """

    green: BcmPin | None = None
    red: BcmPin | None = None
    amber: BcmPin | None = None
    buzzer: BcmPin | None = None
    active_high: bool = True
    reader: str | None = None

    def __post_init__(self) -> None:
        if not self.pins:
            raise ValueError("give at least one of green, red, amber, buzzer")

    @property
    def pins(self) -> dict[str, int]:
        """BCM pin of each lamp that is fitted; the buzzer counts as one."""
        fitted = {"green": self.green, "red": self.red, "amber": self.amber, "buzzer": self.buzzer}
        return {lamp: pin for lamp, pin in fitted.items() if pin is not None}

    def wiring(self) -> Wiring:
        return Wiring(pins={(lamp,): pin for lamp, pin in self.pins.items()})


Step = tuple[int, frozenset[str]]  # for so many milliseconds, these are on

_DARK: frozenset[str] = frozenset()
_GREEN, _RED, _AMBER = frozenset({"green"}), frozenset({"red"}), frozenset({"amber"})
_BEEP = frozenset({"buzzer"})
PATTERNS: Mapping[Signal, Sequence[Step]] = {
    Signal.IDLE: (),
    Signal.GRANTED: ((150, _GREEN | _BEEP), (2850, _GREEN)),
    Signal.REFUSED: ((150, _RED | _BEEP), (150, _RED), (150, _RED | _BEEP), (2550, _RED)),
    Signal.SEE_WORKER: ((300, _AMBER | _BEEP), (2700, _AMBER)),
    Signal.MESSAGE_WAITING: ((150, _GREEN | _AMBER | _BEEP), (2850, _GREEN | _AMBER)),
    Signal.ENTER_PIN: ((100, _GREEN | _AMBER | _BEEP), *((400, _AMBER), (400, _GREEN)) * 18),
    Signal.FAULT: ((250, _RED | _BEEP), *((250, _DARK), (250, _RED)) * 5),
    Signal.IDENTIFY: ((500, _AMBER | _BEEP), *((500, _DARK), (500, _AMBER)) * 9),
}


class GpioIndicator:
    """Lights and a buzzer. A new signal takes the place of the one that is shown."""

    def __init__(self, name: str, settings: GpioIndicatorSettings, parts: Parts) -> None:
        self.name = name
        self._numbers = settings.pins
        self._active_high = settings.active_high
        self._health = DeviceHealth(name, "indicator", parts.emit)
        self._backoff = Backoff()
        self._factory: Any = None
        self._lamps: dict[str, Any] = {}
        self._lit: frozenset[str] = _DARK
        self._timer: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Claim the lines, dark and silent, now or as soon as they can be had."""
        self._loop = asyncio.get_running_loop()
        self._claim()

    def show(self, signal: Signal) -> None:
        """Show one signal; afterwards all is dark again."""
        self._cancel()
        self._play(PATTERNS[signal])

    def close(self) -> None:
        """Dark and silent; the lines are given back."""
        self._cancel()
        self._light(_DARK)
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._give_back()

    def _claim(self) -> None:
        self._retry = None
        try:
            self._factory = factory = pin_factory()
            for lamp, number in self._numbers.items():
                self._lamps[lamp] = claim_output(factory, number, not self._active_high)
        except PinsUnavailable as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001 - pin libraries raise anything
            self._failed(unavailable(error))
        else:
            self._lit = _DARK
            self._backoff.reset()
            self._health.well()

    def _play(self, steps: Sequence[Step]) -> None:
        if not steps:
            self._light(_DARK)
            return
        (for_ms, lamps), *rest = steps
        self._light(lamps)
        self._timer = self._loop.call_later(for_ms / 1000, self._play, rest)

    def _light(self, lamps: frozenset[str]) -> None:
        changed = lamps ^ self._lit
        self._lit = lamps
        try:
            for lamp in changed & self._lamps.keys():
                self._lamps[lamp].state = (lamp in lamps) == self._active_high
        except Exception as error:  # noqa: BLE001 - pin libraries raise anything
            self._failed(unavailable(error))
            drop_pin_factory(self._factory)  # pins that worked went away: their factory went with them

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _failed(self, error: PinsUnavailable) -> None:
        self._give_back()
        if error.code == "missing":
            drop_pin_factory(self._factory)
        if self._retry is None:
            self._retry = self._loop.call_later(self._backoff.wait_s(), self._claim)
        self._health.fault(error.code, str(error))

    def _give_back(self) -> None:
        given, self._lamps = self._lamps, {}
        for pin in given.values():
            try:
                pin.close()
            except Exception:  # noqa: BLE001, S112 - pin libraries raise anything; these pins are gone already
                continue


def build(name: str, settings: GpioIndicatorSettings, parts: Parts) -> GpioIndicator:
    """The indicator on its pins."""
    return GpioIndicator(name, settings, parts)
