"""Weekly schedules in a site's own time zone, judged alike by controller and gateway."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from wire.errors import MessageError

MINUTES_A_DAY = 1_440
Minute = Annotated[int, msgspec.Meta(ge=0, le=MINUTES_A_DAY)]
Span = tuple[Minute, Minute]
Day = Annotated[tuple[Span, ...], msgspec.Meta(max_length=24)]


class WeeklySchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Opening times: for Monday to Sunday, spans [from, to) in minutes after local midnight."""

    days: Annotated[tuple[Day, ...], msgspec.Meta(min_length=7, max_length=7)]

    def __post_init__(self) -> None:
        """Refuse a span that never opens: past midnight takes two spans, one on each day."""
        if any(start >= end for day in self.days for start, end in day):
            raise ValueError("a span must end after it starts; one over midnight is two spans")


@lru_cache(maxsize=64)
def site_zone(name: str) -> ZoneInfo:
    """The IANA time zone of a site. Raises MessageError with code `zone`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise MessageError("zone", f"unknown time zone {name[:60]!r}: use an IANA name such as Europe/Paris") from error


def is_open(schedule: WeeklySchedule, zone: ZoneInfo, instant: int) -> bool:
    """Whether the schedule is open at `instant` (unix ms), by the local wall clock.

    A span over the hour that summer time repeats is open both times; one inside the missing hour never comes.
    """
    local = datetime.fromtimestamp(instant / 1000, UTC).astimezone(zone)
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in schedule.days[local.weekday()])
