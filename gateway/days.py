"""Days in a site's own zone, and the instants at which they begin."""

from calendar import monthrange
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from time import time_ns

from gateway.errors import InvalidError
from wire.errors import MessageError
from wire.hours import site_zone
from wire.limits import MAX_INSTANT, MIN_INSTANT


def unix_ms() -> int:
    """The system's time."""
    return time_ns() // 1_000_000


def day_start(zone: str, day: date) -> int:
    """The instant at which `day` begins in `zone`.

    Raises InvalidError with code `zone`, or `date` where the wire could not carry the instant.
    """
    instant = midnight(zone, day)
    # A year of room on the right: the time to collect follows the last day.
    if not MIN_INSTANT <= instant <= MAX_INSTANT - 366 * 86_400_000:
        raise _out_of_range(day)
    return instant


def midnight(zone: str, day: date) -> int:
    """The instant at which a day begins, of the past before this software too. Raises InvalidError (`zone`, `date`)."""
    try:
        return int(datetime.combine(day, time.min, site_zone(zone)).timestamp() * 1000)
    except MessageError as error:
        raise InvalidError("zone", str(error)) from error
    except (OverflowError, ValueError) as error:
        raise InvalidError("date", f"{day.isoformat()} is out of range") from error


def day_after(day: date, days: int = 1) -> date:
    """`days` days later. Raises InvalidError with code `date` past the calendar's end."""
    try:
        return day + timedelta(days=days)
    except OverflowError as error:
        raise _out_of_range(day) from error


def local_day(zone: str, instant: int) -> date:
    """The day it is in `zone` at `instant`. Raises InvalidError with code `zone`."""
    try:
        return datetime.fromtimestamp(instant / 1000, UTC).astimezone(site_zone(zone)).date()
    except MessageError as error:
        raise InvalidError("zone", str(error)) from error


def term_end(first: date, months: int) -> date:
    """The last day of a term of so many months that begins on `first`.

    Raises InvalidError with code `date` past the calendar's end.
    """
    month = first.month - 1 + months
    year, month = first.year + month // 12, month % 12 + 1
    if year > MAXYEAR:
        raise _out_of_range(first)
    return day_after(date(year, month, min(first.day, monthrange(year, month)[1])), -1)


def _out_of_range(day: date) -> InvalidError:
    return InvalidError("date", f"{day.isoformat()} is out of range: give a date from 2020 to 2098")
