"""Sans-IO: when to try the broker again. Its states are its own; the uplink only obeys."""

from collections.abc import Callable
from enum import Enum, auto

FIRST_RETRY_MS = 1_000
LONGEST_RETRY_MS = 30_000
# A connection that lasted this long was a good one: the next failure starts from the shortest wait again.
GOOD_AFTER_MS = 60_000


class Reconnection(Enum):
    """Where the connection stands."""

    WAITING = auto()
    CONNECTING = auto()
    CONNECTED = auto()
    STOPPED = auto()


class Reconnect:
    """Back-off doubling from 1 s to 30 s, each wait shortened by up to half at random (`jitter` gives 0 to 1).

    So a city's controllers do not all come back in the same instant. Times are monotonic milliseconds.
    `longest_ms`: another longest wait than 30 s.
    """

    def __init__(self, jitter: Callable[[], float], longest_ms: int = LONGEST_RETRY_MS) -> None:
        self._longest_ms = longest_ms
        self.state = Reconnection.WAITING
        self._jitter = jitter
        self._delay_ms = FIRST_RETRY_MS
        self._due_ms = 0
        self._connected_ms = 0

    def due(self, now_ms: int) -> bool:
        """Whether to connect now; if so the state is CONNECTING from here on."""
        if self.state is not Reconnection.WAITING or now_ms < self._due_ms:
            return False
        self.state = Reconnection.CONNECTING
        return True

    def connected(self, now_ms: int) -> None:
        """The broker has accepted the connection."""
        if self.state is Reconnection.CONNECTING:
            self.state = Reconnection.CONNECTED
            self._connected_ms = now_ms

    def lost(self, now_ms: int) -> None:
        """The attempt failed or the connection is gone."""
        if self.state is Reconnection.STOPPED:
            return
        if self.state is Reconnection.CONNECTED and now_ms - self._connected_ms >= GOOD_AFTER_MS:
            self._delay_ms = FIRST_RETRY_MS
        self.state = Reconnection.WAITING
        self._due_ms = now_ms + round(self._delay_ms * (1 - self._jitter() / 2))
        self._delay_ms = min(2 * self._delay_ms, self._longest_ms)

    def stop(self) -> None:
        """Never again."""
        self.state = Reconnection.STOPPED

    @property
    def wait_ms(self) -> int | None:
        """When the next attempt is due (monotonic), or None if none is waited for."""
        return self._due_ms if self.state is Reconnection.WAITING else None
