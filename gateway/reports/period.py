"""The time a report is about, and the people it counts."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gateway.days import day_after, midnight
from gateway.errors import InvalidError


class Cohort(StrEnum):
    """Whose figures: everyone served in the period, or only those whose stay began in it."""

    SERVED = "served"
    STARTED = "started"


@dataclass(frozen=True)
class Period:
    """From the beginning of `starts_on` to the end of `as_of`, in `zone`."""

    starts_on: date
    as_of: date
    zone: str = "Europe/Paris"

    def __post_init__(self) -> None:
        """Raises InvalidError with code `period`."""
        if self.as_of < self.starts_on:
            raise InvalidError("period", f"the report ends ({self.as_of}) before it begins ({self.starts_on})")

    @property
    def from_at(self) -> int:
        """The first instant, unix ms."""
        return midnight(self.zone, self.starts_on)

    @property
    def until_at(self) -> int:
        """The first instant after it, unix ms."""
        return midnight(self.zone, day_after(self.as_of))

    def __contains__(self, day: date) -> bool:
        return self.starts_on <= day <= self.as_of


def whole_months(start: date, end: date) -> int:
    """Whole months from a day to another, as a calendar counts them: 15 October to 15 December is two."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - (1 if end.day < start.day else 0)
