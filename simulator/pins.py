"""gpiozero's pin factory `casier-sim`: the pins of a simulated Pi that another process serves (simulator/pi_server.py).

Set GPIOZERO_PIN_FACTORY=casier-sim and CASIER_SIM_PINS=<socket>. Behaves like gpiozero on a Pi: an output starts low
unless claimed with its state, a bounce time reports an edge once its level is stable (as lgpio does), a line belongs to
one process, closing leaves it floating.
"""

import os
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
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

SOCKET_VARIABLE = "CASIER_SIM_PINS"
REVISION_PI_4B = 0xC03111
ANSWER_WITHIN_S = 5.0
GPIOZERO_ERRORS = {
    "busy": GPIOPinInUse,
    "not_input": PinFixedPull,
    "not_output": PinSetInput,
    "not_held": PinSetInput,
    "no_line": PinInvalidPin,
}


class SimulatedPinFactory(PiFactory):  # type: ignore[misc]  # gpiozero has no types
    """Pins over the socket at `path`, by default the one that CASIER_SIM_PINS names. Raises BadPinFactory."""

    def __init__(self, path: str | None = None) -> None:
        super().__init__()
        path = path or os.environ.get(SOCKET_VARIABLE)
        if not path:
            raise BadPinFactory(
                f"set {SOCKET_VARIABLE} to the pins.sock of a simulated bank (casier-sim bench prints it)"
            )
        self.pin_class = SimulatedPin
        self._path = path
        self._client = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._lock = threading.Lock()
        self._requests = self._connect()
        self._edges: _EdgeStream | None = None

    def ask(self, request: str) -> str:
        """Send one request and return its answer. Raises gpiozero's error for what the Pi refuses."""
        with self._lock:
            return _exchange(self._requests, request)

    def tell(self, request: str) -> None:
        """Send one request that has no answer: the socket keeps it although this process dies right after."""
        with self._lock:
            _send(self._requests, request)

    def watch(self, line: int, edges: str, stable_us: int, seen: Callable[[float, bool], None]) -> None:
        """Call `seen(ticks, level)` in a background thread at each edge; the stream is opened for the first pin."""
        if self._edges is None:
            self._edges = _EdgeStream(self._connect())
        self._edges.watch(line, edges, stable_us, seen)

    def unwatch(self, line: int) -> None:
        """Hear no more of a line."""
        if self._edges is not None:
            self._edges.unwatch(line)

    def close(self) -> None:
        try:
            super().close()
        finally:
            if self._edges is not None:
                self._edges.close()
                self._edges = None
            self._requests.close()

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(ANSWER_WITHIN_S)
        try:
            connection.connect(self._path)
            _exchange(connection, f"client {self._client}")
        except OSError as error:
            connection.close()
            raise BadPinFactory(f"no simulated Pi answers at {self._path} ({error}): start the bench first") from error
        except BadPinFactory:
            connection.close()
            raise
        return connection

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


class _EdgeStream:
    """The second socket: a background thread reads edges from it and calls the pins, as lgpio's own thread does."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(None)
        self._connection = connection
        self._watchers: dict[int, Callable[[float, bool], None]] = {}
        self._thread = threading.Thread(target=self._run, name="casier-sim-edges", daemon=True)
        self._thread.start()

    def watch(self, line: int, edges: str, stable_us: int, seen: Callable[[float, bool], None]) -> None:
        self._watchers[line] = seen
        _send(self._connection, f"watch {line} {edges} {stable_us}")

    def unwatch(self, line: int) -> None:
        if self._watchers.pop(line, None) is not None:
            _send(self._connection, f"unwatch {line}")

    def close(self) -> None:
        with suppress(OSError):  # the simulated Pi hung up first
            self._connection.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=1.0)
        self._connection.close()

    def _run(self) -> None:
        with self._connection.makefile("r", encoding="ascii") as lines:
            try:
                for text in lines:
                    self._heard(text.split())
            except OSError:
                return

    def _heard(self, words: list[str]) -> None:
        if words[0] == "edge":
            seen = self._watchers.get(int(words[1]))
            if seen is not None:
                seen(int(words[3]) / 1e9, words[2] == "1")


def _send(connection: socket.socket, request: str) -> None:
    try:
        connection.sendall(request.encode("ascii") + b"\n")
    except OSError as error:
        raise BadPinFactory(f"the simulated Pi is gone ({error}): start the bench again") from error


def _exchange(connection: socket.socket, request: str) -> str:
    _send(connection, request)
    answer = b""
    while not answer.endswith(b"\n"):
        try:
            more = connection.recv(4096)
        except OSError as error:
            raise BadPinFactory(f"the simulated Pi does not answer ({error}): start the bench again") from error
        if not more:
            raise BadPinFactory("the simulated Pi hung up: start the bench again")
        answer += more
    words = answer.decode("ascii").strip().split(" ", 2)
    if words[0] == "error":
        raise GPIOZERO_ERRORS.get(words[1], BadPinFactory)(words[2])
    return words[0]
