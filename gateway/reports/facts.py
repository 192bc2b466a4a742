"""The plain facts that figures are made of: days and codes, no name, no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Agreement:
    """One person's part in one contract: its first and its last day, and what was recorded of its end.

    `ends_on` is the day it ended, or the day it is to end if nobody decides otherwise.
    """

    person: str
    starts_on: date
    ends_on: date
    reasons: tuple[str, ...] = ()
    decided_by: str | None = None
    destination: str | None = None
    stability: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A locker in service, or held, in [from_at, until_at), unix ms; `until_at` None: without an end so far."""

    locker: str
    from_at: int
    until_at: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What was known of a person when they came: one question, one coded answer."""

    person: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happened with a person on a day: a contact or a support act of a kind, `count` times."""

    person: str
    kind: str
    on: date
    count: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """An agreed step and its result so far (`under_way` while it has none)."""

    person: str
    kind: str
    result: str
    on: date


@dataclass(frozen=True, slots=True)
class Wait:
    """One line of the waiting list; `left_on` None while it waits, `outcome` why it left."""

    asked_on: date
    left_on: date | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Loan:
    """One tool lent; instants in unix ms, `returned_at` None while it is out."""

    taken_at: int
    due_at: int
    returned_at: int | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """A household's project: its first day, its cost in cents and its surface in square decimetres, where known."""

    starts_on: date
    cost_cents: int | None = None
    surface_dm2: int | None = None


@dataclass(frozen=True)
class Facts:
    """Everything recorded in one scope. `codes`: what an imported file called a person, where it did; never a name."""

    agreements: Sequence[Agreement] = ()
    lockers: Sequence[Span] = ()
    held: Sequence[Span] = ()
    entries: Sequence[Entry] = ()
    supports: Sequence[Act] = ()
    contacts: Sequence[Act] = ()
    steps: Sequence[Step] = ()
    waits: Sequence[Wait] = ()
    loans: Sequence[Loan] = ()
    projects: Sequence[Project] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
