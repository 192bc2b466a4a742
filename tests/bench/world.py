"""The deterministic world: how many simulated days pass in a minute of one core, with no fault and with all."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from simulator.world.faults.families import FAULTS
from simulator.world.run import REST_MS, run
from simulator.world.world import DAY_MS
from tests.bench.figures import Figure

FIGURES = ("world_days_per_minute", "world_days_per_minute_all_faults")
# Towns of three banks of 24 lockers that are opened, taken together, at least once per locker and day.
SEEDS, DAYS, LOCKERS = (2, 4, 8), 60, 72
# Lived before, not measured: imports, the migrated database, statements compiled. A soak has that once in thousands.
ONCE = 30


def measure(_folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """By processor time: neighbours on the machine do not count. The days of rest at the end are lived too."""
    run(SEEDS[0], ONCE, frozenset(FAULTS))
    for name, faults in zip(FIGURES, (frozenset[str](), frozenset(FAULTS)), strict=True):
        spent_s, openings = 0.0, 0
        for seed in SEEDS:
            say(f"{DAYS} simulated days of three banks, {len(faults)} kinds of faults")
            began = time.process_time()
            outcome = run(seed, DAYS, faults)
            spent_s += time.process_time() - began
            if any(violation.invariant == "defect" for violation in outcome.violations):
                raise AssertionError(f"the world ended early: {outcome.violations}")
            openings += outcome.counts["releases"]
        if not faults and openings < len(SEEDS) * DAYS * LOCKERS:
            raise AssertionError(f"{openings} openings are fewer than one per locker and day: take other towns")
        yield Figure(name, len(SEEDS) * (DAYS + REST_MS // DAY_MS) / spent_s * 60)
