"""How much of the lockers' time in service was taken, and how many at most at once."""

from dataclasses import dataclass

import numpy as np

from gateway.reports.columns import Numbers
from gateway.reports.facts import Spans
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
    def percent(self) -> float | None:
        """Time held, of the time in service; None where no locker was in service.

        Divided once: of 23 / 80 times 100 a half would be lost (28.749999999999996), and with it the way it is rounded.
        """
        return 100 * self.held_ms / self.service_ms if self.service_ms else None


def occupancy(lockers: Spans, held: Spans, period: Period) -> Occupancy:
    """The time to collect counts as held: nobody else could have the locker."""
    served, taken = _within(lockers, period), _within(held, period)
    return Occupancy(
        in_service=int(np.count_nonzero(served.until_at == period.until_at)),
        held=int(np.count_nonzero(taken.until_at == period.until_at)),
        highest=_highest(taken),
        service_ms=_length(served),
        held_ms=_length(taken),
    )


def _within(spans: Spans, period: Period) -> Spans:
    starts, ends = np.maximum(spans.from_at, period.from_at), np.minimum(spans.until_at, period.until_at)
    some = starts < ends
    return Spans(starts[some], ends[some])


def _length(spans: Spans) -> int:
    return int((spans.until_at - spans.from_at).sum())


def _highest(spans: Spans) -> int:
    if not len(spans.from_at):
        return 0
    change: Numbers = np.repeat(np.array([1, -1]), len(spans.from_at))
    # An end comes before a beginning at the same instant: a locker passed on was held once.
    order = np.lexsort((change, np.concatenate([spans.from_at, spans.until_at])))
    return int(np.cumsum(change[order]).max())
