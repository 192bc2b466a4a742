"""Stays: contracts of one person that follow each other without a gap count as one time of care."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from gateway.reports.facts import Agreement
from gateway.reports.period import Cohort, Period, whole_months

_A_DAY = timedelta(days=1)


class Stay(NamedTuple):
    """One time of care; `last` is the contract it ends with."""

    person: str
    starts_on: date
    ends_on: date
    last: Agreement

    @property
    def months(self) -> int:
        """Whole months of care, without the time to collect."""
        return whole_months(self.starts_on, self.ends_on)

    def ended_by(self, day: date) -> bool:
        """Whether it was over at the end of that day."""
        return self.ends_on <= day


def stays_of(agreements: Iterable[Agreement]) -> list[Stay]:
    """The stays, in the order of their beginning."""
    stays: dict[str, list[Stay]] = {}
    for agreement in sorted(agreements, key=_first_and_last):
        of_person = stays.setdefault(agreement.person, [])
        before = of_person[-1] if of_person else None
        if before is not None and agreement.starts_on <= before.ends_on + _A_DAY:
            last = agreement if agreement.ends_on >= before.ends_on else before.last
            of_person[-1] = Stay(before.person, before.starts_on, last.ends_on, last)
        else:
            of_person.append(Stay(agreement.person, agreement.starts_on, agreement.ends_on, agreement))
    return sorted((stay for found in stays.values() for stay in found), key=lambda stay: stay.starts_on)


def _first_and_last(agreement: Agreement) -> tuple[date, date]:
    return agreement.starts_on, agreement.ends_on


def in_cohort(stays: Sequence[Stay], period: Period, cohort: Cohort) -> list[Stay]:
    """Stays with at least one day in the period, or only those that began in it."""
    if cohort is Cohort.STARTED:
        return [stay for stay in stays if stay.starts_on in period]
    return [stay for stay in stays if stay.starts_on <= period.as_of and stay.ends_on >= period.starts_on]
