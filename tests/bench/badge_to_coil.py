"""Badge frame written -> unlock frame at the board, with 60 and with 20,000 grants in turns; and the memory of both."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.figures import Figure, percentile
from tests.bench.rounds import in_rounds, p50_p99
from tests.bench.site import LOCKERS, Site

FIGURES = (
    "badge_to_coil_p50_ms",
    "badge_to_coil_p99_ms",
    "badge_to_coil_p50_ms_20000_grants",
    "badge_to_coil_p99_ms_20000_grants",
    "badge_to_coil_20000_over_60",
    "badge_to_coil_alone_p50_ms",
    "controller_rss_mb",
    "controller_rss_mb_20000_grants",
)
MANY_GRANTS = 20_000
ROUNDS = 10  # 600 badges at each site
ALONE_EVERY_S = 0.25


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """In turns, round by round; then one badge now and then, as at night."""
    few, many = Site(folder / "badges-60"), Site(folder / "badges-20000", MANY_GRANTS)
    try:
        for site in (few, many):
            site.sign_for()
            site.start()
            site.in_force()
        times, times_many = in_rounds(
            ROUNDS, (few.tap, many.tap), lambda turn: say(f"badges: round {turn + 1} of {ROUNDS}")
        )
        (half, late), (half_many, late_many) = p50_p99(times), p50_p99(times_many)
        say("badges: one now and then")
        alone = percentile(_now_and_then(few), 50)
        values = half, late, half_many, late_many, half_many / half, alone, few.rss_mb(), many.rss_mb()
        yield from map(Figure, FIGURES, values)
    finally:
        few.close()
        many.close()


def _now_and_then(site: Site) -> Iterator[float]:
    for locker in range(1, LOCKERS + 1):
        time.sleep(ALONE_EVERY_S)
        yield site.tap(locker)
