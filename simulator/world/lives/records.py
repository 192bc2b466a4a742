"""What people and staff know beside contracts: people, badges, lockers, what is kept, what was done for whom."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from random import Random

from simulator.world.lives.accounts import Account
from simulator.world.lives.answering import Leave, Offered, Reviewed
from simulator.world.lives.lending import Lent, Member, Project
from simulator.world.lives.pacts import Hold, Pact

CHECKS = ("empty", "cleaned", "lock")
# What is never disposed of with the rest (care.md).
PROTECTED = frozenset({"papers", "medicine", "money", "keys", "photographs"})


@dataclass(slots=True)
class Card:
    """A badge: its number, whose it is since when, and since when it is dead; its PINs, each with when it was set.

    `given_lost`, `dead_lost`: the gateway was put back to before that; `pins_lost`: how many PINs there were when some
    of them were.
    """

    id: str
    number: str
    site: str
    owner: str | None = None
    given_at: int | None = None
    dead_at: int | None = None
    staff: bool = False
    lost: bool = False
    pins: list[tuple[int, str | None]] = field(default_factory=list)
    mistyped_ms: int = -1
    given_lost: bool = False
    dead_lost: bool = False
    pins_lost: int = 0

    def pin_at(self, at: int) -> str | None:
        """The PIN as it was known then."""
        return next((pin for since, pin in reversed(self.pins) if since <= at), None)

    def has_lost_pin(self, at: int) -> bool:
        """Whether the gateway may know another PIN at that time, or none: it was put back to before one was set."""
        return self.pins_lost > 0 and all(since > at for since, _ in self.pins[self.pins_lost :])


@dataclass(slots=True)
class Someone:
    """A person: their file, who looks after them, the badges they carry, and their habits. `body`: their own luck.

    `was_away`: when their death was reported. `lost`: the gateway was put back to before they came. `erased`: their
    file was.
    """

    id: str
    name: str
    organisation: str
    body: Random
    cards: list[Card] = field(default_factory=list)
    pacts: list[Pact] = field(default_factory=list)
    lent: list[Lent] = field(default_factory=list)
    worker: str | None = None
    eligible: bool = False
    away: bool = False
    was_away: bool = False
    died: bool = False
    lost: bool = False
    erased: bool = False
    left: int = 0

    @property
    def pact(self) -> Pact | None:
        """The contract made last."""
        return self.pacts[-1] if self.pacts else None

    def numbers(self, bank: str) -> set[int]:
        """The lockers of that bank that they have, or had."""
        holds = chain.from_iterable([*(pact.holds for pact in self.pacts), *(lent.holds for lent in self.lent)])
        return {hold.number for hold in holds if hold.bank == bank}


@dataclass(slots=True)
class Box:
    """A locker: who has had it, what was looked at since, and whose things are truly inside.

    `withdrawn_at`: when the gateway last said that it has to be looked at again; whoever begins later waits for that.
    `used`: it said that somebody used it whom it does not know. `left_by`: the release by which what is inside was put
    there; `named`: whose these things are, if the bank's list told the gateway and nobody has looked since.
    """

    bank: str
    number: int
    site: str
    service: str
    in_service_since: int
    held: list[Hold] = field(default_factory=list)
    checks: dict[str, int] = field(default_factory=dict)
    inside: Pact | None = None
    taken_out: bool = False
    withdrawn_at: int | None = None
    used: bool = False
    left_by: str | None = None
    named: Pact | None = None

    def free(self, at: int) -> bool:
        """Nobody has it, nobody will."""
        return all(hold.until_at <= at or hold.from_at >= hold.until_at for hold in self.held)

    def vacant(self, at: int) -> bool:
        """Nobody has it now."""
        return all(not hold.from_at <= at < hold.until_at or self.awaits(hold) for hold in self.held)

    def freed(self, since: int, now: int) -> int | None:
        """When, between `since` and `now`, the last to have it had it no more."""
        ends = [hold.until_at for hold in self.held if hold.from_at < hold.until_at and not hold.lost]
        return max((end for end in ends if since < end <= now), default=None)

    def awaits(self, hold: Hold) -> bool:
        """Whether that hold begins with another look only, because the one before was withdrawn."""
        if self.withdrawn_at is None or hold.from_at < self.withdrawn_at:
            return False
        return bool(self.lacking(hold.from_at))

    def withdraw_looks(self, at: int) -> None:
        """For all that the gateway knows its last holder came after the look."""
        self.checks.clear()
        self.withdrawn_at = at

    def used_by_unknown(self, at: int) -> None:
        """Nobody has had it, for all that the gateway knows, and somebody has used it."""
        self.withdraw_looks(at)
        self.used = True

    def looked(self, checks: Iterable[str], at: int) -> None:
        """Somebody has seen that with their own eyes."""
        self.checks.update(dict.fromkeys(checks, at))
        self.named = None if self.inside is None else self.named

    @property
    def holds_strange(self) -> bool:
        """Whether things are inside of somebody whom the gateway does not know to have had it."""
        return self.inside is not None and not self.inside.had(self.bank, self.number)

    def lacking(self, at: int) -> list[str]:
        """What nobody has looked at since it was left."""
        ends = [hold.until_at for hold in self.held if hold.from_at < hold.until_at <= at]
        left = max(ends, default=None)
        since = max(0 if self.used else -1, -1 if left is None else left)
        return [check for check in CHECKS if self.checks.get(check, -1) < since]

    def ready(self, at: int) -> bool:
        """Whether someone else may have it now."""
        return self.free(at) and not self.taken_out and not self.lacking(at)


@dataclass(slots=True)
class Line:
    """One line of an inventory, and what became of it: who decided that, when."""

    id: str
    kind: str
    quantity: int
    outcome: str | None = None
    by: str | None = None
    at: int | None = None


@dataclass(slots=True)
class Kept:
    """Belongings in safekeeping."""

    id: str
    pact: Pact
    box: Box
    lines: dict[str, Line] = field(default_factory=dict)
    step: str = "inventory"
    keep_until: int = 0

    def still(self) -> list[Line]:
        """What nothing has become of yet."""
        return [line for line in self.lines.values() if line.outcome is None]


@dataclass(frozen=True, slots=True)
class Act:
    """A contact or an act of support."""

    person: str
    kind: str
    at: int


@dataclass(slots=True)
class Agreed:
    """A step agreed with someone, and its result."""

    id: str
    person: str
    topic: str
    at: int
    closed_at: int | None = None
    result: str = "under_way"


@dataclass(slots=True)
class Waiting:
    """Someone on a waiting list."""

    id: str
    person: str
    site: str | None
    organisation: str
    since: int
    closed_at: int | None = None
    why: str | None = None


@dataclass(slots=True)
class Records:
    """Everything that was done, as those who did it know it."""

    # All accounts of staff, and the workers among them that are open, by organisation.
    accounts: dict[str, Account] = field(default_factory=dict)
    workers: dict[str, list[str]] = field(default_factory=dict)
    pacts: dict[str, Pact] = field(default_factory=dict)
    people: dict[str, Someone] = field(default_factory=dict)
    cards: dict[str, Card] = field(default_factory=dict)
    boxes: dict[tuple[str, int], Box] = field(default_factory=dict)
    kept: dict[str, Kept] = field(default_factory=dict)
    contacts: list[Act] = field(default_factory=list)
    supports: list[Act] = field(default_factory=list)
    entries: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)
    steps: list[Agreed] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    leaves: list[Leave] = field(default_factory=list)
    reviews: list[Reviewed] = field(default_factory=list)
    offers: list[Offered] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    lent: dict[str, Lent] = field(default_factory=dict)
    projects: list[Project] = field(default_factory=list)
    # Tools, with the condition in which each was last seen; and the lockers that lend them.
    tools: dict[str, str] = field(default_factory=dict)
    lending: list[Box] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    # The last event of which they have heard.
    heard: int = 0

    def acting(self, worker: str, day: date) -> str:
        """Who does what there is to do for that worker: whoever stands in while they are away, or they themselves."""
        for leave in self.leaves:
            if leave.staff == worker and leave.overlaps(day, day):
                return leave.stand_in
        return worker

    def in_charge(self, who: str) -> str:
        """Whoever does now what `who` was to do: they themselves, or who took over when their account was closed."""
        while (account := self.accounts.get(who)) is not None and account.successor is not None:
            who = account.successor
        return who

    def stock(self, site: str) -> list[Card]:
        """Badges of a site that nobody has."""
        return [one for one in self.cards.values() if one.site == site and one.owner is None and one.dead_at is None]

    def took(self, pact: Pact) -> None:
        """The pact's lockers know of it."""
        for hold in pact.holds:
            held = self.boxes[hold.bank, hold.number].held
            if not any(one is hold for one in held):
                held.append(hold)

    def settle(self, pact: Pact, at: int) -> None:
        """As the pact does, by who of its people is away now."""
        pact.settle(at, any(self.people[one].away for one in pact.people(at)))
