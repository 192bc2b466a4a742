"""Fixtures of the hardware tests: a clock that is set by hand, and a list of what was emitted."""

import pytest


class HandClock:
    """Monotonic milliseconds that move only when told."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms

    def pass_ms(self, milliseconds: int) -> None:
        self.now_ms += milliseconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()
