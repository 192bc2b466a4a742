"""Days in Paris, reckoned by the lives themselves."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from wire.hours import site_zone

ZONE = "Europe/Paris"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
_FIRST_WEEKDAY = 3  # 1970 began on a Thursday


@lru_cache(maxsize=4_096)
def midnight(day: date) -> int:
    """When a day begins, unix ms."""
    return int(datetime.combine(day, time.min, site_zone(ZONE)).timestamp()) * 1_000


def day_of(at: int) -> date:
    """The day it is at that instant."""
    return _local(at).date()


def days_on(day: date, days: int) -> date:
    """So many days later."""
    return day + timedelta(days=days)


def minute_of_week(at: int) -> tuple[int, int]:
    """The weekday (Monday is 0) and the minute of the day."""
    minutes = (at + _ahead_of_utc(at // HOUR)) // MINUTE
    days, minute = divmod(minutes, DAY // MINUTE)
    return (days + _FIRST_WEEKDAY) % 7, minute


@lru_cache(maxsize=16_384)
def _ahead_of_utc(hour: int) -> int:
    """How far Paris is ahead in that hour since 1970, ms; it changes on the hour."""
    offset = _local(hour * HOUR).utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) * 1_000


def _local(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1_000, UTC).astimezone(site_zone(ZONE))
