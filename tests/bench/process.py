"""The controller as a process: how fast it is ready, what it costs when nobody comes, and with lights."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.figures import Figure, percentile
from tests.bench.rounds import in_rounds
from tests.bench.site import Site

FIGURES = ("controller_start_s", "controller_idle_cpu_percent", "controller_rss_mb_lights")
STARTS = 5
IDLE_S = 60
ROUNDS_WITH_LIGHTS = 3


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """Start it several times on a list and a journal that are there; then watch it idle, connected and polling."""
    site = Site(folder / "process")
    try:
        site.sign_for()
        site.start()
        site.in_force()
        starts = []
        for turn in range(STARTS):
            say(f"process: start {turn + 1} of {STARTS}")
            site.end()
            known = len(site.gateway.births)
            starts.append(site.start())
            site.gateway.wait(lambda: len(site.gateway.births) > known)  # noqa: B023 - waited for here
        yield Figure("controller_start_s", percentile(starts, 50))
        time.sleep(5)  # the first checkpoint and what follows a start
        say(f"process: {IDLE_S} s idle")
        yield Figure("controller_idle_cpu_percent", _cpu_percent(site))
    finally:
        site.close()
    yield Figure("controller_rss_mb_lights", _with_lights_mb(folder / "lights", say))


def _with_lights_mb(folder: Path, say: Callable[[str], None]) -> float:
    site = Site(folder, lights=True)
    try:
        site.sign_for()
        site.start()
        site.in_force()
        in_rounds(ROUNDS_WITH_LIGHTS, (site.tap,), lambda turn: say(f"process: with lights, round {turn + 1}"))
        return site.rss_mb()
    finally:
        site.close()


def _cpu_percent(site: Site) -> float:
    began, before = time.monotonic(), site.process.cpu_times()
    time.sleep(IDLE_S)
    after = site.process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return float(used / (time.monotonic() - began) * 100)
