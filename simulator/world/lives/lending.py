"""A tool library as its members and librarians know it: who may borrow, what is lent, from which locker."""

from dataclasses import dataclass, field
from datetime import date

from simulator.world.lives.calendar import HOUR, day_of, days_on, midnight
from simulator.world.lives.pacts import Hold, View

# The terms of the template of tool libraries.
AT_ONCE, DAYS, GRACE_DAYS = 5, 7, 14
_DUE_MS = 18 * HOUR
_DAYS_OFF = (2, 5, 6)
_ALWAYS = 1 << 62


def is_off(day: date) -> bool:
    """Nobody is there on Wednesdays and at the weekend."""
    return day.weekday() in _DAYS_OFF


def due_on(day: date) -> int:
    """When what is due that day is due."""
    return midnight(day) + _DUE_MS


def due_after(first: date) -> date:
    """The day on which what is lent on `first` is due, if nothing else is said."""
    day = days_on(first, DAYS)
    while is_off(day):
        day = days_on(day, 1)
    return day


@dataclass(slots=True)
class Library:
    """Where tools are lent: its scheme, site, and the locker they are fetched from."""

    scheme: str
    organisation: str
    site: str
    bank: str
    number: int


@dataclass(slots=True)
class Member:
    """Someone who may borrow. To figures a membership is a contract, of which nobody says how it ended."""

    id: str
    person: str
    site: str
    starts_on: date
    ends_on: date
    from_at: int
    ended_at: int | None = None
    why: str | None = None
    lost: bool = False
    decided_by: str | None = None
    destination: str | None = None
    stability: str | None = None

    @property
    def reasons(self) -> set[str]:
        """Why it ended, if that was said."""
        return {self.why} if self.why else set()


@dataclass(slots=True)
class Project:
    """A member's work on their home; in figures once it has begun, unless given up (then it is `over` too)."""

    id: str
    member: Member
    asked_on: date
    cost_cents: int | None
    surface_dm2: int | None
    started_on: date | None = None
    over: bool = False
    given_up: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What a librarian did with a loan, or was refused; `seen`: the last event that the gateway had stored by then."""

    seen: int
    at: int
    what: str
    outcome: str
    due_at: int = 0


@dataclass(slots=True)
class Lent:
    """One loan; `tools`: each with the condition in which it was seen again, None before.

    For whoever judges badges it is as a contract is: `views`, `undone`, `holds` and `service`.
    """

    id: str
    member: Member
    tools: dict[str, str | None]
    from_at: int
    due_at: int
    holds: list[Hold]
    planned_from: int = 0
    planned_due: int = 0
    extensions: int = 0
    checked_at: int | None = None
    cancelled_at: int | None = None
    acts: list[Done] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    undone: list[View] = field(default_factory=list)
    service: str = "tools"
    lost: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the gateway knows of it, and that it is not over."""
        return not self.lost and self.checked_at is None and self.cancelled_at is None

    @property
    def out(self) -> list[str]:
        """Tools that nobody has seen again."""
        return [tool for tool, condition in self.tools.items() if condition is None]

    def overlaps(self, from_at: int, until_at: int, *, surely: bool = False) -> bool:
        """Whether it was to last for any of that time; `surely`: even if it was back when it was extended."""
        due_at = min(self.planned_due, self.due_at) if surely else self.due_at
        return self.from_at < until_at and due_at > from_at

    def know(self, at: int) -> None:
        """What holds from now on, for whoever is told later than `at`."""
        until = midnight(days_on(day_of(self.due_at), GRACE_DAYS + 1))
        for hold in self.holds:
            hold.from_at, hold.until_at = self.from_at, until
        holds = tuple((hold.bank, hold.number, hold.from_at, until) for hold in self.holds)
        owners = ((self.member.person, 0, _ALWAYS if self.is_open else at),)
        self.views.append(View(at, True, self.from_at, self.due_at, until, None, (), holds, owners))
