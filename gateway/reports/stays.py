"""Stays: contracts of one person that follow each other without a gap count as one time of care."""

from dataclasses import dataclass

import numpy as np

from gateway.reports.columns import Marks, Numbers, day_number, whole_months
from gateway.reports.facts import Agreements
from gateway.reports.period import Cohort, Period


@dataclass(frozen=True)
class Stays:
    """Times of care in the order of their beginning; `last` is the row of the contract each ends with."""

    person: Numbers
    starts_on: Numbers
    ends_on: Numbers
    last: Numbers

    @property
    def months(self) -> Numbers:
        """Whole months of care, without the time to collect."""
        return whole_months(self.starts_on, self.ends_on)

    def __len__(self) -> int:
        return len(self.person)

    def only(self, chosen: Marks) -> "Stays":
        """Those that are marked."""
        return Stays(self.person[chosen], self.starts_on[chosen], self.ends_on[chosen], self.last[chosen])


def stays_of(agreements: Agreements) -> Stays:
    """The stays that these contracts make."""
    if not len(agreements.person):
        return Stays(agreements.person, agreements.starts_on, agreements.ends_on, agreements.person)
    rows = np.lexsort((agreements.ends_on, agreements.starts_on, agreements.person))
    person, starts, ends = agreements.person[rows], agreements.starts_on[rows], agreements.ends_on[rows]
    # On a scale on which every person's days come after the last person's, one running maximum serves all.
    far = int(ends.max()) - int(starts.min()) + 3
    rank = np.cumsum(np.append(0, person[1:] != person[:-1]))
    latest = np.maximum.accumulate(ends + rank * far)
    begins = np.append(True, starts[1:] + rank[1:] * far > latest[:-1] + 1)
    first = np.flatnonzero(begins)
    # Of several contracts that end on a stay's last day, the one that began last.
    last = np.maximum.reduceat(np.where(ends + rank * far == latest, np.arange(len(rows)), 0), first)
    order = np.argsort(starts[first], kind="stable")
    return Stays(person[first][order], starts[first][order], ends[last][order], rows[last][order])


def in_cohort(stays: Stays, period: Period, cohort: Cohort) -> Stays:
    """Stays with at least one day in the period, or only those that began in it."""
    first, last = day_number(period.starts_on), day_number(period.as_of)
    begun = stays.starts_on <= last
    return stays.only(begun & ((stays.starts_on if cohort is Cohort.STARTED else stays.ends_on) >= first))
