"""A smaller world that still fails: fewer days first, then fewer faults."""

from collections.abc import Callable

from simulator.world.outcome import Outcome
from simulator.world.run import run


def shrink(
    failed: Outcome, names: frozenset[str], told: Callable[[str], None] = lambda _: None
) -> tuple[int, frozenset[int]]:
    """Days and fault numbers that are enough for the same invariant to fail."""
    invariants = {violation.invariant for violation in failed.violations}

    def fails(days: int, only: frozenset[int]) -> bool:
        again = run(failed.seed, days, names, only=only)
        found = any(violation.invariant in invariants for violation in again.violations)
        told(f"{days} days, faults {sorted(only)}: {'still fails' if found else 'holds'}")
        return found

    days, only = failed.days, frozenset(number for number, _ in failed.faults)
    low, high = 1, days
    while low < high:
        middle = (low + high) // 2
        if fails(middle, only):
            high = middle
        else:
            low = middle + 1
    days = high
    # Halves, then quarters, and in the end one by one.
    size = max(1, len(only) // 2)
    while only:
        for part in _parts(sorted(only), size):
            if fails(days, only - part):
                only -= part
        if size == 1:
            break
        size = max(1, size // 2)
    return days, only


def _parts(numbers: list[int], size: int) -> list[frozenset[int]]:
    return [frozenset(numbers[at : at + size]) for at in range(0, len(numbers), size)]
