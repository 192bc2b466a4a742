"""gpiozero's pin factory `casier-sim`: the pins of a simulated Pi that another process serves (simulator/pi_server.py).

Set GPIOZERO_PIN_FACTORY=casier-sim and CASIER_SIM_PINS=<socket>. Behaves like gpiozero on a Pi: an output starts low
unless claimed with its state, a bounce time reports an edge once its level is stable (as lgpio does), a line belongs to
one process, closing leaves it floating.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

from gpiozero.exc import (
    BadPinFactory,
    GPIOPinInUse,
    PinFixedPull,
    PinInvalidBounce,
    PinInvalidEdges,
    PinInvalidFunction,
    PinInvalidPin,
    PinInvalidPull,
    PinPWMUnsupported,
    PinSetInput,
)
from gpiozero.pins.pi import PiFactory, PiPin

from simulator.errors import LineError, PiGoneError
from simulator.pin_link import PinLink, Seen

REVISION_PI_4B = 0xC03111
GPIOZERO_ERRORS = {
    "busy": GPIOPinInUse,
    "not_input": PinFixedPull,
    "not_output": PinSetInput,
    "not_held": PinSetInput,
    "no_line": PinInvalidPin,
}


@contextmanager
def _errors_of_gpiozero() -> Iterator[None]:
    try:
        yield
    except LineError as error:
        raise GPIOZERO_ERRORS.get(error.code, BadPinFactory)(str(error)) from error
    except PiGoneError as error:
        raise BadPinFactory(str(error)) from error


class SimulatedPinFactory(PiFactory):  # type: ignore[misc]  # gpiozero has no types
    """Pins over the socket at `path`, by default the one that CASIER_SIM_PINS names. Raises BadPinFactory."""

    def __init__(self, path: str | None = None) -> None:
        super().__init__()
        self.pin_class = SimulatedPin
        with _errors_of_gpiozero():
            self._link = PinLink(path)

    def ask(self, request: str) -> str:
        """Send one request and return its answer. Raises gpiozero's error for what the Pi refuses."""
        with _errors_of_gpiozero():
            return self._link.ask(request)

    def tell(self, request: str) -> None:
        """Send one request that has no answer."""
        with _errors_of_gpiozero():
            self._link.tell(request)

    def watch(self, line: int, edges: str, stable_us: int, seen: Seen) -> None:
        """Call `seen(ticks, level)` in a background thread at each edge."""
        with _errors_of_gpiozero():
            self._link.watch(line, edges, stable_us, seen)

    def unwatch(self, line: int) -> None:
        """Hear no more of a line."""
        with _errors_of_gpiozero():
            self._link.unwatch(line)

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._link.close()

    def _get_revision(self) -> int:
        return REVISION_PI_4B

    @staticmethod
    def ticks() -> float:
        return monotonic()

    @staticmethod
    def ticks_diff(later: float, earlier: float) -> float:
        return later - earlier


class SimulatedPin(PiPin):  # type: ignore[misc]  # gpiozero has no types
    """One line of the simulated Pi, claimed as an input as soon as it is made, as lgpio's pins are."""

    def __init__(self, factory: SimulatedPinFactory, info: Any) -> None:
        super().__init__(factory, info)
        self._function = "input"
        self._pull = "floating"
        self._bounce: float | None = None
        self._edge_kind = "both"
        factory.ask(f"claim {self._number} input 0")

    def close(self) -> None:
        with suppress(BadPinFactory):  # the factory or the simulated Pi went first: there is nothing left to free
            self.when_changed = None
            self._bounce = None
            self._set_function("input")

    def _get_function(self) -> str:
        return self._function

    def _set_function(self, value: str) -> None:
        if value not in ("input", "output"):
            raise PinInvalidFunction(f'invalid function "{value}" for pin {self!r}')
        self._claim(value, False)

    def output_with_state(self, state: float) -> None:
        """Claim an output at its level in one step, as RPi.GPIO's pins do and lgpio itself can."""
        self._claim("output", bool(state))

    def _claim(self, function: str, level: bool) -> None:
        self.factory.ask(f"claim {self._number} {function} {int(level)}")
        self._function = function
        self._pull = "floating"

    def _get_state(self) -> bool:
        return bool(self.factory.ask(f"read {self._number}") == "1")

    def _set_state(self, value: float) -> None:
        if self._function != "output":
            raise PinSetInput(f"cannot set state of pin {self!r}")
        self.factory.tell(f"write {self._number} {int(bool(value))}")

    def _get_pull(self) -> str:
        return self._pull

    def _set_pull(self, value: str) -> None:
        if value not in ("up", "down", "floating"):
            raise PinInvalidPull(f'invalid pull "{value}" for pin {self!r}')
        if self._function != "input":
            raise PinFixedPull(f"cannot set pull on non-input pin {self!r}")
        if self.info.pull not in (value, ""):
            raise PinFixedPull(f"{self!r} has a physical pull-{self.info.pull} resistor")
        self.factory.ask(f"pull {self._number} {value}")
        self._pull = value

    def _get_frequency(self) -> None:
        return None

    def _set_frequency(self, value: float | None) -> None:
        if value is not None:
            raise PinPWMUnsupported(f"PWM is not simulated on pin {self!r}")

    def _get_bounce(self) -> float | None:
        return self._bounce

    def _set_bounce(self, value: float | None) -> None:
        if value is not None and value < 0:
            raise PinInvalidBounce("bounce must be 0 or greater")
        self._bounce = value or None
        self._watch_again()

    def _get_edges(self) -> str:
        return self._edge_kind

    def _set_edges(self, value: str) -> None:
        if value not in ("both", "rising", "falling"):
            raise PinInvalidEdges(f'invalid edge specification "{value}" for pin {self!r}')
        self._edge_kind = value
        self._watch_again()

    def _watch_again(self) -> None:
        if self._when_changed is not None:
            self._enable_event_detect()

    def _enable_event_detect(self) -> None:
        stable_us = int((self._bounce or 0) * 1e6)
        self.factory.watch(self._number, self._edge_kind, stable_us, self._edge_seen)

    def _disable_event_detect(self) -> None:
        self.factory.unwatch(self._number)

    def _edge_seen(self, ticks: float, level: bool) -> None:
        with self._when_changed_lock:
            if self._when_changed is not None:
                self._call_when_changed(ticks, level)
