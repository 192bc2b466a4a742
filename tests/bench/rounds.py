"""Through all lockers, one right after the other, again and again, as often as the release guard allows.

This is a busy bank, warm in the processor. A lone person (`badge_to_coil_alone_p50_ms`) waits about twice as long.
"""

import time
from collections.abc import Callable, Sequence

from tests.bench.figures import percentile
from tests.bench.site import LOCKERS

# 300 ms of pulse may be had 18 times a minute (10% duty), and a lock rests for 2 s.
ROUND_EVERY_S = 3.5


def in_rounds(count: int, sides: Sequence[Callable[[int], float]], tell: Callable[[int], None]) -> list[list[float]]:
    """What each side answered for every locker in every round; the sides take turns, so that all see one machine."""
    times: list[list[float]] = [[] for _ in sides]
    for turn in range(count):
        tell(turn)
        began = time.monotonic()
        for side, found in zip(sides, times, strict=True):
            found += [side(locker) for locker in range(1, LOCKERS + 1)]
        time.sleep(max(0.0, began + ROUND_EVERY_S - time.monotonic()))
    return times


def p50_p99(times: Sequence[float]) -> tuple[float, float]:
    """p50 and p99."""
    return percentile(times, 50), percentile(times, 99)
