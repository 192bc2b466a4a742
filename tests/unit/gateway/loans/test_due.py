"""Days and times of day on which loans are due."""

from datetime import UTC, date, datetime

from gateway.loans.due import due_day, instant_of, soon_from, working_days
from gateway.schemes.calendar import Calendar
from gateway.schemes.terms import LoanLimits, Terms
from tests.unit.gateway.town import ZONE

WEEK = Terms(loans=LoanLimits(days=7), calendar=Calendar(weekly_off=(2, 5, 6), dates_off=(date(2026, 7, 14),)))


def utc(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]


def test_of_a_repeated_hour_the_later_one_counts() -> None:
    assert instant_of(ZONE, date(2026, 10, 25), 150) == utc(2026, 10, 25, 1, 30)


def test_of_a_missing_hour_the_later_reading_counts() -> None:
    # 02:30 does not exist on 29 March: 03:30 in summer time.
    assert instant_of(ZONE, date(2026, 3, 29), 150) == utc(2026, 3, 29, 1, 30)


def test_a_time_of_day_is_the_clocks_time_on_a_short_day() -> None:
    assert instant_of(ZONE, date(2026, 3, 29), 18 * 60) == utc(2026, 3, 29, 16)
    assert instant_of(ZONE, date(2026, 3, 29), 1440) == utc(2026, 3, 29, 22)


def test_the_week_without_wednesday_and_a_bank_holiday() -> None:
    assert due_day(WEEK, date(2026, 7, 7)) == date(2026, 7, 16)
    assert working_days(WEEK.calendar, date(2026, 7, 13), date(2026, 7, 19)) == 3


def test_due_soon_begins_on_a_working_day() -> None:
    due = instant_of(ZONE, date(2026, 7, 16), 18 * 60)
    # The 15th is a Wednesday, the 14th a holiday.
    assert soon_from(WEEK, ZONE, due) == utc(2026, 7, 12, 22)
