"""The lines that a pulse keeper can own: what it needs of them, and those on the pins of the Pi."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any, Protocol

from hw.pins import claim_output, pin_factory, unavailable


class KeptLines(Protocol):
    """Coil lines, each with a number, and the lights beside them. Every call may raise PinsUnavailable."""

    def __contains__(self, line: int) -> bool:
        """Whether this is a coil's line."""

    def on(self, line: int) -> None:
        """Energise one coil."""

    def off(self, line: int) -> None:
        """Drop one coil."""

    def hold_off(self, busy: Container[int]) -> None:
        """See that every coil outside `busy` is off: this also shows whether the hardware still answers."""

    def all_off(self) -> None:
        """Drop every coil; the first error is raised after all were tried."""

    def light(self, line: int, on: bool) -> None:
        """Switch one light; a line that is none is passed over."""

    def inputs(self) -> int | None:
        """The levels of the contacts as bits, in the order they were given; None where somebody else watches them."""


class GpioLines:
    """Coils and lights on the pins of the Pi (BCM numbers), claimed off."""

    def __init__(
        self, locks: Sequence[int], locks_high: bool, lights: Sequence[int] = (), lights_high: bool = True
    ) -> None:
        self._locks_high = locks_high
        self._lights_high = lights_high
        factory = pin_factory()
        try:
            self._locks = {number: claim_output(factory, number, not locks_high) for number in locks}
            self._lights = {number: claim_output(factory, number, not lights_high) for number in lights}
        except Exception as error:
            raise unavailable(error) from error

    def __contains__(self, line: int) -> bool:
        return line in self._locks

    def on(self, line: int) -> None:
        """See KeptLines."""
        _set(self._locks[line], self._locks_high)

    def off(self, line: int) -> None:
        """See KeptLines."""
        _set(self._locks[line], not self._locks_high)

    def hold_off(self, busy: Container[int]) -> None:
        """See KeptLines."""
        for line, pin in self._locks.items():
            if line not in busy and _is_high(pin) == self._locks_high:
                self.off(line)

    def all_off(self) -> None:
        """See KeptLines."""
        errors = []
        for line in self._locks:
            try:
                self.off(line)
            except Exception as error:  # noqa: BLE001 - pin libraries raise anything, and the other lines come first
                errors.append(error)
        if errors:
            raise unavailable(errors[0])

    def light(self, line: int, on: bool) -> None:
        """See KeptLines."""
        if line in self._lights:
            _set(self._lights[line], on == self._lights_high)

    def inputs(self) -> int | None:
        """See KeptLines: the controller watches its contacts through gpiozero."""
        return None


def _set(pin: Any, level: bool) -> None:
    try:
        pin.state = level
    except Exception as error:
        raise unavailable(error) from error


def _is_high(pin: Any) -> bool:
    try:
        return bool(pin.state)
    except Exception as error:
        raise unavailable(error) from error
