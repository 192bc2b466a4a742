"""Counting in days: who is due, what was missed, when people should decide."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.care.cadence import Call, Marks, Rhythm, judge
from gateway.schemes.calendar import Calendar

MONDAY = date(2026, 6, 15)
WEEKLY = Rhythm(7, 1, 4, 14, Calendar())


def after(days: int) -> date:
    return MONDAY + timedelta(days)


@pytest.mark.parametrize(
    ("days", "call", "missed"),
    [
        (0, Call.NOTHING, 0),
        (6, Call.NOTHING, 0),
        (7, Call.TO_SEE, 0),
        (8, Call.MISSED, 1),
        (14, Call.MISSED, 1),
        (15, Call.MISSED, 2),
        (28, Call.MISSED, 3),
        (29, Call.REVIEW, 4),
        (400, Call.REVIEW, 57),
    ],
)
def test_a_missed_week_warns_and_the_scheme_s_number_of_them_asks_for_a_review(
    days: int, call: Call, missed: int
) -> None:
    due = judge(WEEKLY, Marks(MONDAY), after(days))
    assert (due.call, due.missed, due.due_on) == (call, missed, after(7))


def test_a_contact_begins_the_count_anew() -> None:
    due = judge(WEEKLY, Marks(MONDAY, contact=after(20)), after(27))
    assert (due.call, due.due_on, due.no_news) == (Call.TO_SEE, after(27), 7)


def test_a_contact_before_the_contract_does_not_shorten_the_first_week() -> None:
    assert judge(WEEKLY, Marks(MONDAY, contact=after(-30)), after(6)).call is Call.NOTHING


def test_nobody_is_due_or_missed_on_a_day_off() -> None:
    weekends_off = Rhythm(5, 1, 4, 14, Calendar(weekly_off=(5, 6)))
    saturday = after(5)
    assert judge(weekends_off, Marks(MONDAY), saturday).call is Call.NOTHING
    due = judge(weekends_off, Marks(MONDAY), after(7))
    assert (due.call, due.due_on, due.missed) == (Call.TO_SEE, after(7), 0)


def test_due_days_that_a_closed_month_moves_to_one_day_are_one_missed_contact() -> None:
    july, august = date(2026, 7, 31), tuple(date(2026, 8, day) for day in range(1, 32))
    closed = Rhythm(7, 1, 4, 14, Calendar(dates_off=august))
    first_open = judge(closed, Marks(july), date(2026, 9, 1))
    assert (first_open.call, first_open.missed) == (Call.TO_SEE, 0)
    missed = [judge(closed, Marks(july), date(2026, 9, day)) for day in (2, 5, 12, 19)]
    assert [(one.call, one.missed) for one in missed] == [
        (Call.MISSED, 1), (Call.MISSED, 2), (Call.MISSED, 3), (Call.REVIEW, 4),
    ]  # fmt: skip


def test_someone_seen_daily_misses_one_day_over_a_weekend_off() -> None:
    weekends_off = Rhythm(1, 1, 3, 14, Calendar(weekly_off=(5, 6)))
    friday = after(4)
    assert judge(weekends_off, Marks(friday), after(7)).call is Call.TO_SEE
    tuesday = judge(weekends_off, Marks(friday), after(8))
    assert (tuesday.call, tuesday.missed) == (Call.MISSED, 1)


def test_someone_away_is_neither_due_nor_missed_nor_silent() -> None:
    due = judge(WEEKLY, Marks(MONDAY, away=True), after(300))
    assert (due.call, due.missed, due.due_on, due.long_silent) == (Call.AWAY, 0, None, False)


def test_back_again_they_have_their_full_time() -> None:
    due = judge(WEEKLY, Marks(MONDAY, anew=after(60)), after(66))
    assert (due.call, due.missed) == (Call.NOTHING, 0)


def test_without_a_cadence_nobody_is_missed_but_silence_still_shows() -> None:
    due = judge(Rhythm(None, 1, 4, 14, Calendar()), Marks(MONDAY), after(40))
    assert (due.call, due.missed, due.no_news, due.long_silent) == (Call.NOTHING, 0, 40, True)


@pytest.mark.parametrize(("days", "long_silent"), [(13, False), (14, True)])
def test_no_news_counts_from_the_scheme_s_number_of_days(days: int, long_silent: bool) -> None:
    assert judge(WEEKLY, Marks(MONDAY), after(days)).long_silent is long_silent


def test_a_decision_rests_until_its_day_and_then_people_look_again() -> None:
    marks = Marks(MONDAY, reviewed=after(29), again_on=after(90))
    assert judge(WEEKLY, marks, after(89)).call is Call.MISSED
    assert judge(WEEKLY, marks, after(90)).call is Call.REVIEW


def test_after_a_decision_the_scheme_s_number_is_counted_anew() -> None:
    marks = Marks(MONDAY, reviewed=after(30))
    assert judge(WEEKLY, marks, after(58)).call is Call.MISSED
    assert judge(WEEKLY, marks, after(59)).call is Call.REVIEW


def test_a_review_that_someone_asked_for_is_due_whatever_the_contacts() -> None:
    assert judge(WEEKLY, Marks(MONDAY, contact=MONDAY, asked=True), MONDAY).call is Call.REVIEW


@given(
    days=st.integers(1, 40),
    off=st.sets(st.integers(0, 6), max_size=6),
    start=st.integers(0, 400),
    gone=st.integers(0, 400),
)
def test_missed_contacts_are_the_due_days_that_have_passed(days: int, off: set[int], start: int, gone: int) -> None:
    calendar = Calendar(weekly_off=tuple(off))
    first, today = after(start), after(start + gone)
    due_days = {calendar.next_open(first + timedelta(days * count)) for count in range(1, gone // days + 1)}
    due = judge(Rhythm(days, 1, 4, 14, calendar), Marks(first), today)
    assert due.missed == sum(day < today for day in due_days)
