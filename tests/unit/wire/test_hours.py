"""Weekly schedules by the wall clock of the site, over both changes of summer time."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from wire.errors import MessageError
from wire.hours import WeeklySchedule, is_open, site_zone

PARIS = site_zone("Europe/Paris")
CLOSED: tuple[tuple[tuple[int, int], ...], ...] = ((),) * 7


def _on(weekday: int, *spans: tuple[int, int]) -> WeeklySchedule:
    return WeeklySchedule(days=(*CLOSED[:weekday], spans, *CLOSED[weekday + 1 :]))


def _utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


OFFICE = WeeklySchedule(days=(*[((540, 720), (840, 1080))] * 5, (), ()))


@pytest.mark.parametrize(
    ("instant", "expected"),
    [  # Friday 2026-06-12, Paris is two hours ahead of UTC
        (_utc(2026, 6, 12, 6, 59, 59), False),
        (_utc(2026, 6, 12, 7, 0, 0), True),
        (_utc(2026, 6, 12, 9, 59, 59), True),
        (_utc(2026, 6, 12, 10, 0, 0), False),
        (_utc(2026, 6, 12, 12, 0, 0), True),
        (_utc(2026, 6, 12, 16, 0, 0), False),
        (_utc(2026, 6, 13, 8, 0, 0), False),  # Saturday
        (_utc(2026, 1, 12, 7, 59, 59), False),  # Monday in winter, one hour ahead
        (_utc(2026, 1, 12, 8, 0, 0), True),
    ],
)
def test_a_schedule_opens_and_closes_on_the_minute_of_the_wall_clock(instant: int, expected: bool) -> None:
    assert is_open(OFFICE, PARIS, instant) is expected


def test_the_last_millisecond_before_closing_is_open() -> None:
    assert is_open(OFFICE, PARIS, _utc(2026, 6, 12, 10) - 1)


def test_the_day_is_the_sites_not_that_of_utc() -> None:
    monday_first_hour = _on(0, (0, 60))
    assert is_open(monday_first_hour, PARIS, _utc(2026, 6, 14, 22, 30))  # Sunday in UTC
    assert not is_open(monday_first_hour, PARIS, _utc(2026, 6, 15, 0, 30))


# Sunday 2026-10-25, 03:00 summer time becomes 02:00: 02:00-03:00 comes twice (00:00-01:00 and 01:00-02:00 UTC).
@pytest.mark.parametrize("minute", [0, 30, 59])
def test_a_span_in_the_repeated_hour_is_open_both_times(minute: int) -> None:
    repeated = _on(6, (120, 180))
    assert is_open(repeated, PARIS, _utc(2026, 10, 25, 0, minute))
    assert is_open(repeated, PARIS, _utc(2026, 10, 25, 1, minute))
    assert not is_open(repeated, PARIS, _utc(2026, 10, 25, 2, minute))


# Sunday 2026-03-29, 02:00 winter time becomes 03:00: 02:00-03:00 never comes.
def test_a_span_in_the_missing_hour_never_opens() -> None:
    missing = _on(6, (120, 180))
    day = range(_utc(2026, 3, 28, 23), _utc(2026, 3, 29, 22), 60_000)
    assert not any(is_open(missing, PARIS, instant) for instant in day)


def test_a_span_over_the_missing_hour_is_an_hour_shorter() -> None:
    night = _on(6, (60, 240))
    minutes = sum(is_open(night, PARIS, at) for at in range(_utc(2026, 3, 28, 23), _utc(2026, 3, 29, 22), 60_000))
    assert minutes == 120


def test_a_day_from_0_to_1440_is_open_to_its_last_minute() -> None:
    whole = _on(4, (0, 1440))
    assert is_open(whole, PARIS, _utc(2026, 6, 11, 22))
    assert is_open(whole, PARIS, _utc(2026, 6, 12, 21, 59))
    assert not is_open(whole, PARIS, _utc(2026, 6, 12, 22))


def test_a_schedule_without_spans_is_never_open() -> None:
    assert not is_open(WeeklySchedule(days=CLOSED), PARIS, _utc(2026, 6, 12, 12))


@pytest.mark.parametrize(
    "days",
    [
        [],
        [[]] * 6,
        [[]] * 8,
        [[[540]]] + [[]] * 6,
        [[[540, 600, 700]]] + [[]] * 6,
        [[[-1, 60]]] + [[]] * 6,
        [[[0, 1441]]] + [[]] * 6,
        [[[600, 600]]] + [[]] * 6,
        [[[1320, 360]]] + [[]] * 6,
        [[[0, 1]] * 25] + [[]] * 6,
        [[["09:00", "12:00"]]] + [[]] * 6,
    ],
    ids=lambda days: repr(days)[:30],
)
def test_a_schedule_that_means_nothing_is_refused(days: list[Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"days": days}, WeeklySchedule)


def test_a_schedule_field_of_a_later_version_is_refused_for_it_may_close_a_door() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"days": [[]] * 7, "except": []}, WeeklySchedule)


@pytest.mark.parametrize("name", ["", "Europe", "Europe/Montreuil", "../etc/passwd", "/etc/passwd", "a\0b", "x" * 300])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(MessageError) as caught:
        site_zone(name)
    assert caught.value.code == "zone"


def test_a_zone_is_found() -> None:
    assert site_zone("Europe/Lisbon") == ZoneInfo("Europe/Lisbon")
