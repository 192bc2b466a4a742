"""The plain facts that figures are made of: days and codes, no name, no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple


class Agreement(NamedTuple):
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


class Span(NamedTuple):
    """A locker in service, or held, in [from_at, until_at), unix ms; `until_at` None: without an end so far."""

    locker: str
    from_at: int
    until_at: int | None = None


class Entry(NamedTuple):
    """What was known of a person when they came: one question, one coded answer."""

    person: str
    question: str
    answer: str


class Act(NamedTuple):
    """Contacts or support acts of one kind with a person: so many `times`, the last of them `on` that day."""

    person: str
    kind: str
    on: date
    times: int = 1


class Step(NamedTuple):
    """An agreed step and its result so far (`under_way` while it has none)."""

    person: str
    kind: str
    result: str
    on: date


class Wait(NamedTuple):
    """One line of the waiting list; `left_on` None while it waits, `outcome` why it left."""

    asked_on: date
    left_on: date | None = None
    outcome: str | None = None


class Loan(NamedTuple):
    """One tool lent; instants in unix ms, `returned_at` None while it is out."""

    taken_at: int
    due_at: int
    returned_at: int | None = None


class Project(NamedTuple):
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
