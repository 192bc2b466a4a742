"""When loans are due: days and times of day of a calendar with days off, in the zone of the site."""

from datetime import UTC, date, datetime, time, timedelta

from gateway.days import day_after, day_start, local_day
from gateway.schemes.calendar import Calendar
from gateway.schemes.terms import LoanLimits, Terms
from wire.hours import MINUTES_A_DAY, site_zone


def limits_of(terms: Terms) -> LoanLimits:
    """What the terms say of loans; a scheme that says nothing has the usual ones."""
    return terms.loans or LoanLimits()


def instant_of(zone: str, day: date, minute: int) -> int:
    """The instant of a time of day, `minute` after local midnight.

    Of an hour that a change of clocks repeats, and of one that it leaves out, the later reading counts.
    Raises InvalidError (`zone`, `date`).
    """
    if minute == MINUTES_A_DAY:
        return day_start(zone, day_after(day))
    day_start(zone, day)
    wall = datetime.combine(day, time(minute // 60, minute % 60), site_zone(zone))
    return int(max(wall.replace(fold=fold).astimezone(UTC).timestamp() for fold in (0, 1)) * 1000)


def due_day(terms: Terms, first: date) -> date:
    """The day on which what is lent on `first` is due: so many days later, or the next day that is not off."""
    return terms.calendar.next_open(day_after(first, limits_of(terms).days))


def soon_from(terms: Terms, zone: str, due_at: int) -> int:
    """From when on a loan is due soon: the beginning of a working day, so that there is someone to say it."""
    day = _last_open(terms.calendar, local_day(zone, due_at) - timedelta(limits_of(terms).due_soon_days))
    return day_start(zone, day)


def working_days(calendar: Calendar, first: date, last: date) -> int:
    """How many days from `first` to `last`, both included, are not off."""
    return sum(calendar.open_on(first + timedelta(day)) for day in range((last - first).days + 1))


def _last_open(calendar: Calendar, day: date) -> date:
    while not calendar.open_on(day):
        day -= timedelta(1)
    return day
