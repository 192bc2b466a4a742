"""How long to wait before trying again to open a port or to start a process."""

from __future__ import annotations

FIRST_S = 0.25  # a USB adapter that resets is back within a second
LONGEST_S = 5.0  # someone who plugs it in again should not wait long


class Backoff:
    """Doubling waits, in seconds, from `FIRST_S` to `LONGEST_S`."""

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def wait_s(self) -> float:
        """The wait before the next attempt; longer at each call."""
        wait = self._next_s
        self._next_s = min(wait * 2, LONGEST_S)
        return wait

    def reset(self) -> None:
        """It worked: the next failure begins with a short wait."""
        self._next_s = FIRST_S
