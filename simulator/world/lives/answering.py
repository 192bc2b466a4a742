"""Who answers for people: workers, those who stand in while they are on leave, and what they decided."""

from dataclasses import dataclass
from datetime import date


@dataclass(slots=True)
class Leave:
    """A worker is away on these days, and somebody stands in."""

    id: str
    staff: str
    stand_in: str
    from_on: date
    until_on: date
    cancelled_at: int | None = None

    def overlaps(self, first: date, last: date) -> bool:
        """Whether it takes any of these days."""
        return self.cancelled_at is None and self.from_on <= last and self.until_on >= first


@dataclass(slots=True)
class Reviewed:
    """A review that was asked for, and what was decided."""

    id: str
    person: str
    asked_by: str
    decision: str | None = None
    decided_by: str | None = None
    decided_at: int | None = None


@dataclass(slots=True)
class Offered:
    """A place offered to somebody who waits, and what became of it."""

    id: str
    entry: str
    made_by: str
    outcome: str | None = None
    closed_by: str | None = None
    closed_at: int | None = None
