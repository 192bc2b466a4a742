"""The facts that figures are made of, as columns: days, instants and codes, no name, no database."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gateway.reports.columns import Numbers, Texts


def _none() -> Numbers:
    return np.empty(0, np.int64)


@dataclass(frozen=True)
class Agreements:
    """People's parts in contracts: their first and last days, and what was recorded of their ends.

    `ends_on` is the day it ended, or the day it is to end if nobody decides otherwise. `reasons`: rows of this table
    and the reasons they ended for, one pair for each.
    """

    person: Numbers = field(default_factory=_none)
    starts_on: Numbers = field(default_factory=_none)
    ends_on: Numbers = field(default_factory=_none)
    decided_by: Numbers = field(default_factory=_none)
    destination: Numbers = field(default_factory=_none)
    stability: Numbers = field(default_factory=_none)
    reason_of: Numbers = field(default_factory=_none)
    reason: Numbers = field(default_factory=_none)


@dataclass(frozen=True)
class Spans:
    """Lockers in service, or held, in [from_at, until_at), unix ms."""

    from_at: Numbers = field(default_factory=_none)
    until_at: Numbers = field(default_factory=_none)


@dataclass(frozen=True)
class Answers:
    """What people answered to one question when they came, oldest first: of two the later one counts."""

    person: Numbers = field(default_factory=_none)
    answer: Numbers = field(default_factory=_none)


@dataclass(frozen=True)
class Acts:
    """Contacts or support acts, each with its kind and its instant."""

    person: Numbers = field(default_factory=_none)
    kind: Numbers = field(default_factory=_none)
    at: Numbers = field(default_factory=_none)


@dataclass(frozen=True)
class Steps:
    """Agreed steps, when they were agreed, and their results so far (`under_way` while they have none)."""

    person: Numbers = field(default_factory=_none)
    kind: Numbers = field(default_factory=_none)
    result: Numbers = field(default_factory=_none)
    at: Numbers = field(default_factory=_none)


@dataclass(frozen=True)
class Waits:
    """Lines of the waiting list, in days; `outcome`: why they left it."""

    asked_on: Numbers = field(default_factory=_none)
    left_on: Numbers = field(default_factory=_none)
    outcome: Numbers = field(default_factory=_none)


@dataclass(frozen=True)
class Loans:
    """Tools lent; instants in unix ms."""

    taken_at: Numbers = field(default_factory=_none)
    due_at: Numbers = field(default_factory=_none)
    returned_at: Numbers = field(default_factory=_none)


@dataclass(frozen=True)
class Projects:
    """Households' projects: first days, costs in cents and surfaces in square decimetres, where known."""

    starts_on: Numbers = field(default_factory=_none)
    cost_cents: Numbers = field(default_factory=_none)
    surface_dm2: Numbers = field(default_factory=_none)


@dataclass(frozen=True)
class Facts:
    """Everything recorded in one scope. `texts` are what people and codes stand for, by their numbers.

    `codes`: what an imported file called a person, where it did; never a name.
    """

    texts: Texts = field(default_factory=Texts)
    agreements: Agreements = field(default_factory=Agreements)
    lockers: Spans = field(default_factory=Spans)
    held: Spans = field(default_factory=Spans)
    entries: Mapping[str, Answers] = field(default_factory=dict)
    supports: Acts = field(default_factory=Acts)
    contacts: Acts = field(default_factory=Acts)
    steps: Steps = field(default_factory=Steps)
    waits: Waits = field(default_factory=Waits)
    loans: Loans = field(default_factory=Loans)
    projects: Projects = field(default_factory=Projects)
    codes: Mapping[int, str] = field(default_factory=dict)
