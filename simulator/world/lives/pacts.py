"""A contract as those who made it know it: its dates by what they decided, reckoned without the gateway's code."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from simulator.world.lives.calendar import DAY, day_of, days_on, midnight

# The gateway's word for "until a person decides".
UNDECIDED = 4_070_908_800_000


class Life(StrEnum):
    """Where a contract is in its life."""

    DRAFT = "draft"
    UPCOMING = "upcoming"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDING = "ending"
    ENDED = "ended"


@dataclass(slots=True)
class Hold:
    """A locker of a contract in [from_at, until_at). `lost`: the gateway was put back to before it."""

    bank: str
    number: int
    from_at: int
    until_at: int
    lost: bool = False


@dataclass(slots=True)
class Part:
    """Someone on a contract; `until_at` once they have parted."""

    person: str
    from_at: int
    until_at: int | None = None


@dataclass(slots=True)
class Trust:
    """Someone a holder trusts. `lost`, `end_lost`: the gateway was put back to before it, or before it was ended."""

    id: str
    by: str
    from_at: int
    until_at: int
    ended_at: int | None = None
    lost: bool = False
    end_lost: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision: what the gateway's record of it must say."""

    at: int
    author: str
    action: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class View:
    """What was decided up to `at`: who may open which locker from when until when."""

    at: int
    signed: bool
    from_at: int
    until_at: int
    collect_until: int
    frozen_at: int | None
    pauses: tuple[tuple[int, int], ...]
    holds: tuple[tuple[str, int, int, int], ...]
    owners: tuple[tuple[str, int, int], ...]


@dataclass(slots=True)
class Pact:
    """One contract. Methods follow a decision that the gateway took; each keeps what was known before (`views`).

    `lost`: the gateway was put back to before it. `undone`: views that it was put back to before.
    """

    id: str
    service: str
    starts_on: date
    ends_on: date
    grace_days: int
    term_months: int
    from_at: int
    until_at: int
    collect_until: int
    parts: list[Part]
    holds: list[Hold]
    signed_at: int | None
    ended_at: int | None = None
    frozen_at: int | None = None
    stopped: bool = False
    collect_days: int | None = None
    how_before: tuple[set[str], str | None, str | None, str | None] | None = None
    pauses: list[list[int]] = field(default_factory=list)
    trusts: list[Trust] = field(default_factory=list)
    notices: dict[str, str] = field(default_factory=dict)
    reasons: set[str] = field(default_factory=set)
    decided_by: str | None = None
    destination: str | None = None
    stability: str | None = None
    decisions: list[Decided] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    undone: list[View] = field(default_factory=list)
    lost: bool = False

    def state(self, at: int) -> Life:
        """Where it is at that instant."""
        if self.signed_at is None:
            return Life.DRAFT if self.ended_at is None else Life.ENDED
        if at >= self.collect_until:
            return Life.ENDED
        if at >= self.until_at:
            return Life.ENDING
        if at < self.from_at:
            return Life.UPCOMING
        return Life.SUSPENDED if any(start <= at < end for start, end in self.pauses) else Life.ACTIVE

    def pause_ahead(self, at: int) -> bool:
        """Whether it is active, and a suspension is planned."""
        return self.state(at) is Life.ACTIVE and any(at < start < end for start, end in self.pauses)

    def people(self, at: int) -> list[str]:
        """Who is on it."""
        return [part.person for part in self.parts if part.until_at is None or part.until_at > at]

    @property
    def present(self) -> Hold:
        """The locker it has longest."""
        return max(self.holds, key=lambda hold: (hold.until_at, hold.from_at))

    def decided(self, at: int, author: str, action: str, reason: str | None = None) -> None:
        """Written down, with what is known from now on."""
        self.decisions.append(Decided(at, author, action, reason))
        self.know(at)

    def know(self, at: int) -> None:
        """What holds from now on, for whoever is told later than `at`."""
        first, *others = self.parts
        owners = [(first.person, 0, _end(first.until_at))]
        owners += [(part.person, part.from_at, _end(part.until_at)) for part in others]
        owners += [
            (one.id, one.from_at, min(one.until_at, _end(None if one.end_lost else one.ended_at)))
            for one in self.trusts
            if not one.lost
        ]
        holds = tuple((hold.bank, hold.number, hold.from_at, hold.until_at) for hold in self.holds)
        self.views.append(
            View(
                at, self.signed_at is not None and not self.lost, self.from_at, self.until_at, self.collect_until,
                self.frozen_at, tuple((start, end) for start, end in self.pauses), holds, tuple(owners),
            )
        )  # fmt: skip

    def had(self, bank: str, number: int) -> bool:
        """Whether the gateway knows of any time in that locker: not of a draft's, nor of what it has lost."""
        return any(
            (hold.bank, hold.number) == (bank, number) and not hold.lost and hold.from_at < hold.until_at
            for hold in self.holds
        )

    # What decisions do to it

    def sign(self, now: int, freed: int | None) -> None:
        """A draft becomes binding, from when its locker was `freed` on if that was after its first day began."""
        self.signed_at, self.from_at = now, freed or self.from_at
        for hold in self.holds:
            hold.from_at, hold.until_at = self.from_at, self.collect_until

    def begin(self, now: int, holds: Collection[Hold]) -> None:
        """Its people were let in there, which by the gateway's clock is still to come: it began a moment ago."""
        for hold in holds:
            hold.from_at = self.from_at = now - 1

    def suspend(self, now: int, review_on: date, from_on: date | None) -> None:
        """Badges do not open until the review."""
        start = now if from_on in (None, day_of(now)) else midnight(from_on or day_of(now))
        self._lift_in_force(start)
        self.pauses.append([start, midnight(review_on)])

    def resume(self, now: int) -> None:
        """They open again, or what is planned next is taken back."""
        ahead = [start for start, end in self.pauses if now < start < end]
        self._lift_in_force(min(ahead) if self.pause_ahead(now) else now)

    def renew(self, ends_on: date) -> None:
        """A later last day."""
        self.ends_on, self.until_at = ends_on, midnight(days_on(ends_on, 1))
        self.collect_until = self._grace(self.until_at, self.grace_days)
        self.ended_at = self.collect_days = None
        self.reasons, self.decided_by, self.destination, self.stability = set(), None, None, None
        self._fit()

    def move(self, now: int, bank: str, number: int) -> None:
        """Another locker; both doors open for a day."""
        start = max(now, self.from_at)
        for hold in self.holds:
            hold.until_at = max(hold.from_at, min(hold.until_at, start + DAY if start == now else start))
        self.holds.append(Hold(bank, number, start, self.collect_until))

    def plan_end(self, ends_on: date) -> None:
        """An earlier last day."""
        self.ends_on, self.until_at = ends_on, midnight(days_on(ends_on, 1))
        self.collect_until = self._grace(self.until_at, self.grace_days)
        self._cut()

    def end(self, now: int, collect_days: int | None) -> None:
        """Over now, and the time to collect begins."""
        before = self.state(now)
        for pause in self.pauses:
            pause[1] = min(pause[1], max(now, pause[0]))
        self.ended_at = now
        if before in (Life.DRAFT, Life.UPCOMING):
            self.from_at = self.until_at = self.collect_until = min(self.from_at, now)
        else:
            self.until_at, self.collect_days = now, collect_days
            self.collect_until = self._grace(now, self.grace_days if collect_days is None else collect_days)
        self._cut()

    def say_how(
        self, reasons: set[str], decided_by: str | None, destination: str | None, stability: str | None
    ) -> None:
        """Why it ended, and how."""
        self.reasons, self.decided_by, self.destination, self.stability = reasons, decided_by, destination, stability

    def emptied(self, now: int) -> None:
        """The locker was seen empty."""
        self.collect_until, self.stopped = now, False
        self._cut()

    def stop(self) -> None:
        """Someone is away or has died: the time to collect has no end."""
        self.stopped, self.collect_until = True, UNDECIDED
        self._fit()

    def go_on(self, now: int) -> None:
        """They are back: it begins anew."""
        self.stopped = False
        if self.until_at > now:
            self.collect_until = self._grace(self.until_at, self.grace_days)
        else:
            longest = self._grace(now, max(self.grace_days, self.collect_days or 0))
            self.collect_until = max(longest, midnight(days_on(day_of(now), 1)))
        self._fit()

    def settle(self, now: int, anyone_away: bool) -> None:
        """Its people have changed, or it was signed: the time to collect has no end while one of them is away."""
        if self.frozen_at is not None or self.state(now) in (Life.DRAFT, Life.ENDED):
            return
        if anyone_away and not self.stopped:
            self.stop()
        elif self.stopped and not anyone_away:
            self.go_on(now)

    def freeze(self, now: int) -> None:
        """The holder has died."""
        if self.ended_at is None and self.until_at > now:
            self.ended_at = self.until_at = now
            self.how_before = (self.reasons, self.decided_by, self.destination, self.stability)
            self.say_how({"death"}, "circumstances", "died", "unknown")
        self.frozen_at = now
        self.notices.clear()
        self.stop()

    def thaw(self, now: int) -> None:
        """They have not: it goes on, unless its locker was emptied meanwhile."""
        goes_on = self.state(now) is Life.ENDING
        if self.ended_at == self.frozen_at and (goes_on or "death" in self.reasons):
            self.say_how(*(self.how_before or (set(), None, None, None)))
        if self.ended_at == self.frozen_at and goes_on:
            self.ended_at, self.until_at = None, midnight(days_on(self.ends_on, 1))
        self.frozen_at = None

    def _lift_in_force(self, at: int) -> None:
        for pause in self.pauses:
            if pause[0] <= at < pause[1]:
                pause[1] = at

    def _grace(self, at: int, days: int) -> int:
        if self.stopped:
            return UNDECIDED
        return at if days == 0 else midnight(days_on(day_of(at - 1), days + 1))

    def _cut(self) -> None:
        for hold in self.holds:
            hold.until_at = min(hold.until_at, self.collect_until)
            hold.from_at = min(hold.from_at, hold.until_at)

    def _fit(self) -> None:
        hold = self.present
        hold.until_at = max(hold.from_at, self.collect_until)
        self._cut()


def _end(at: int | None) -> int:
    return 1 << 62 if at is None else at
