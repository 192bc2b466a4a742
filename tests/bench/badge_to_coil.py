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
# 600 badges at each site. Where a controller lies on cores and in caches lasts as long as its process, and is worth up
# to a fifth either way: five processes have five. The first round of each is not counted: it is not warm yet.
LIVES, ROUNDS = 5, 2
ALONE_EVERY_S = 0.25


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """In turns, round by round; then one badge now and then, as at night."""
    few, many = Site(folder / "badges-60"), Site(folder / "badges-20000", MANY_GRANTS)
    try:
        for site in (few, many):
            site.sign_for()
            site.start()
            site.in_force()
        times, times_many = _in_lives(few, many, say)
        (half, late), (half_many, late_many) = p50_p99(times), p50_p99(times_many)
        say("badges: one now and then")
        alone = percentile(_now_and_then(few), 50)
        values = half, late, half_many, late_many, half_many / half, alone, few.rss_mb(), many.rss_mb()
        yield from map(Figure, FIGURES, values)
    finally:
        few.close()
        many.close()


def _in_lives(few: Site, many: Site, say: Callable[[str], None]) -> tuple[list[float], list[float]]:
    times: list[float] = []
    times_many: list[float] = []
    for life in range(LIVES):
        if life:
            few.begin_again()
            many.begin_again()
        some, others = in_rounds(
            1 + ROUNDS, (few.tap, many.tap), lambda turn, life=life: say(f"badges: round {turn + 1} of life {life + 1}")
        )
        times += some[LOCKERS:]
        times_many += others[LOCKERS:]
    return times, times_many


def _now_and_then(site: Site) -> Iterator[float]:
    for locker in range(1, LOCKERS + 1):
        time.sleep(ALONE_EVERY_S)
        yield site.tap(locker)
