"""How much of the lockers' time in service was taken, and how many at most at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.reports.facts import Span
from gateway.reports.period import Period


@dataclass(frozen=True)
class Occupancy:
    """`in_service` and `held` at the end of the period; times in ms within it; `highest` held at one moment."""

    in_service: int
    held: int
    highest: int
    service_ms: int
    held_ms: int

    @property
    def share(self) -> float | None:
        """Time held as a share of the time in service; None where no locker was in service."""
        return self.held_ms / self.service_ms if self.service_ms else None


def occupancy(lockers: Sequence[Span], held: Sequence[Span], period: Period) -> Occupancy:
    """The time to collect counts as held: nobody else could have the locker."""
    first, last = period.from_at, period.until_at
    served, taken = list(_within(lockers, first, last)), list(_within(held, first, last))
    return Occupancy(
        in_service=sum(1 for _start, end in served if end == last),
        held=sum(1 for _start, end in taken if end == last),
        highest=_highest(taken),
        service_ms=sum(end - start for start, end in served),
        held_ms=sum(end - start for start, end in taken),
    )


def _within(spans: Iterable[Span], first: int, last: int) -> Iterable[tuple[int, int]]:
    for span in spans:
        start, end = max(span.from_at, first), last if span.until_at is None else min(span.until_at, last)
        if start < end:
            yield start, end


def _highest(spans: Iterable[tuple[int, int]]) -> int:
    # An end comes before a beginning at the same instant: a locker passed on was held once.
    changes = sorted([change for start, end in spans for change in ((start, 1), (end, -1))])
    now = highest = 0
    for _at, change in changes:
        now += change
        highest = max(highest, now)
    return highest
