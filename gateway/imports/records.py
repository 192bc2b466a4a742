"""What rows mean: lockers and contracts as plain values, and the problems found on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Problem:
    """What is wrong in one row, and what to do about it."""

    place: str
    column: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}{', ' + self.column if self.column else ''}: {self.text}"


@dataclass(frozen=True)
class Lockers:
    """So many lockers, in service since the beginning of a day."""

    place: str
    count: int
    in_service: date
    size: str | None = None


@dataclass(frozen=True)
class Past:
    """One contract as it was kept elsewhere. `ends_on` None: it goes on. `collected`: nothing was left behind."""

    place: str
    person: str
    starts_on: date
    ends_on: date | None = None
    name: str | None = None
    locker: int | None = None
    reasons: Sequence[str] = ()
    decided_by: str | None = None
    destination: str | None = None
    stability: str | None = None
    work_on_exit: str | None = None
    entry: Mapping[str, str] = field(default_factory=dict)
    supports: Sequence[str] = ()
    collected: bool = False
    note: str | None = None
    assumed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Batch:
    """A whole file. Only one without problems is applied."""

    lockers: Sequence[Lockers]
    contracts: Sequence[Past]
    problems: Sequence[Problem]
