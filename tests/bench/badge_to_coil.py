"""Badge frame written -> unlock frame at the board, with 60 and with 20,000 grants in turns; and the memory of both."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.figures import Figure, percentile
from tests.bench.site import LOCKERS, Site

FIGURES = (
    "badge_to_coil_p50_ms",
    "badge_to_coil_p99_ms",
    "badge_to_coil_p50_ms_20000_grants",
    "badge_to_coil_p99_ms_20000_grants",
    "badge_to_coil_20000_over_60",
    "controller_rss_mb",
    "controller_rss_mb_20000_grants",
)
MANY_GRANTS = 20_000
ROUNDS = 9  # through all lockers: 540 badges at each site
# One badge after the other at a busy bank; uneven, so that it falls anywhere between two polls of the boards.
EVERY_S = 0.1


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """In turns, round by round, so that both see the same machine."""
    few, many = Site(folder / "badges-60"), Site(folder / "badges-20000", MANY_GRANTS)
    try:
        for site in (few, many):
            site.sign_for()
            site.start()
            site.in_force()
        times: tuple[list[float], list[float]] = [], []
        chance = random.Random(1)
        for turn in range(ROUNDS):
            say(f"badges: round {turn + 1} of {ROUNDS}")
            for site, found in zip((few, many), times, strict=True):
                found += _round(site, chance)
        half, half_many = (percentile(found, 50) for found in times)
        values = (
            half, percentile(times[0], 99), half_many, percentile(times[1], 99), half_many / half,
            few.rss_mb(), many.rss_mb(),
        )  # fmt: skip
        yield from map(Figure, FIGURES, values)
    finally:
        few.close()
        many.close()


def _round(site: Site, chance: random.Random) -> Iterator[float]:
    """Every locker's badge once; the milliseconds of each."""
    for locker in range(1, LOCKERS + 1):
        yield site.tap(locker)
        time.sleep(EVERY_S * chance.uniform(0.6, 1.4))
