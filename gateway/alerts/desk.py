"""What waits for people and not at a door: told to those who can act at the site, without saying whom it is about."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from math import ceil
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.alerts.guarded import Guarded
from gateway.alerts.kinds import Kind
from gateway.alerts.occasions import Occasion
from gateway.care import standing
from gateway.care.cadence import Call
from gateway.custody import outcomes
from gateway.custody import service as custodies
from gateway.custody.waiting import awaited
from gateway.days import day_after, day_start, local_day
from gateway.loans import attention, reminders
from gateway.loans.codes import ReminderKind
from gateway.lockers.models import Bank, Site
from gateway.lockers.winding_down import to_move
from gateway.schemes.codes import Service
from gateway.schemes.models import Scheme

# All this is a matter of days. Each part is looked at once in this time, in each round as many as its share of half of
# it, so that no page waits while everyone is looked at.
EVERY_MS = 30 * 60_000
_DAY_MS = 86_400_000
# How long before its date something is told, so that there is time to act.
MOVE_AHEAD_MS = 14 * _DAY_MS
KEEPING_AHEAD_MS = 3 * _DAY_MS
START_AHEAD_MS = _DAY_MS
_CALLS = {Call.REVIEW: Kind.REVIEW_DUE, Call.MISSED: Kind.CONTACT_MISSED}
_LOANS = {ReminderKind.DUE_SOON: Kind.LOAN_DUE_SOON, ReminderKind.OVERDUE: Kind.LOAN_OVERDUE}


Look = Callable[[Session, str, int], Iterator[Occasion]]


class Part(NamedTuple):
    """One look, at one site or scheme if it is not at everything."""

    look: Look
    scope: str


class Desk:
    """Remembers what it found until it is time to look again. An occasion is over when someone has seen to it."""

    def __init__(self) -> None:
        self._looks: dict[Part, Guarded] = {}
        self._looked_at: dict[Part, int] = {}
        self._asked_at = 0

    @property
    def failing_since(self) -> int | None:
        """Since when some part of it cannot be looked at."""
        return min(
            (look.failing_since for look in self._looks.values() if look.failing_since is not None), default=None
        )

    def standing(self, session: Session, now: int) -> Sequence[Occasion]:
        """Everything that waits now; each thing is told once, and once more if it comes up again another day."""
        parts = _parts(session)
        self._looks = {part: self._looks.get(part) or _guarded(part) for part in parts}
        for part in self._due(parts, now):
            self._looks[part].standing(session, now)
            self._looked_at[part] = now
        self._asked_at = now
        return [one for look in self._looks.values() for one in look.found(session)]

    def _due(self, parts: Sequence[Part], now: int) -> Sequence[Part]:
        """Everything at first; then some of what was not looked at for long, the longest ago first."""
        due = [part for part in parts if not 0 <= now - self._looked_at.get(part, -EVERY_MS) < EVERY_MS]
        share = ceil(len(parts) * abs(now - self._asked_at) * 2 / EVERY_MS)
        return sorted(due, key=lambda part: self._looked_at.get(part, 0))[:share]


def _guarded(part: Part) -> Guarded:
    def look(session: Session, now: int) -> Iterator[Occasion]:
        return part.look(session, part.scope, now)

    site_id = part.scope if part.look is _people else None
    return Guarded(look, _KINDS.get(part.look, ()), site_id=site_id, name=part.look.__name__.strip("_"))


def _parts(session: Session) -> Sequence[Part]:
    sites = session.scalars(select(Site.id).order_by(Site.id)).all()
    libraries = session.scalars(select(Scheme.id).where(Scheme.service == Service.TOOLS).order_by(Scheme.id)).all()
    return [
        *(Part(look, scope) for look, scopes in ((_people, sites), (_loans, libraries), (_limits, libraries))
          for scope in scopes),
        *(Part(look, "") for look in (_moves, _keeping, _starts)),
    ]  # fmt: skip


def _people(session: Session, site_id: str, now: int) -> Iterator[Occasion]:
    """Missed contacts, and reviews that are due."""
    for one in standing.of_site(session, site_id, now=now):
        kind = _CALLS.get(one.due.call)
        if kind is not None:
            yield _of_day(kind, site_id, one.person.id, now, now)


def _loans(session: Session, scheme_id: str, now: int) -> Iterator[Occasion]:
    """Members whom nobody has reminded yet. A loan that was put off has another date, and is told of anew."""
    for due in reminders.to_tell(session, scheme_id=scheme_id, now=now):
        loan, kind = due.loan, _LOANS[due.kind]
        key = f"{kind}:{loan.id}:{loan.due_at}"
        yield Occasion(key, kind, loan.membership.site_id, None, None, loan.due_at, about=loan.id)


def _limits(session: Session, scheme_id: str, now: int) -> Iterator[Occasion]:
    """Limits of a tool library that are passed."""
    for one in attention.attention(session, scheme_id=scheme_id, now=now):
        if one.site_id is not None:
            yield _of_day(Kind.LOAN_LIMIT, one.site_id, f"{one.limit}:{one.subject}", now, now)


def _moves(session: Session, _scope: str, now: int) -> Iterator[Occasion]:
    """Contracts that must find another locker, once the date is set and near."""
    sites = {bank_id: site_id for bank_id, site_id in session.execute(select(Bank.id, Bank.site_id))}
    for move in to_move(session, now):
        if move.by is not None and move.by <= now + MOVE_AHEAD_MS:
            yield _at_locker(Kind.MOVE_DUE, sites[move.bank], move.bank, move.number, move.by, now)


def _keeping(session: Session, _scope: str, now: int) -> Iterator[Occasion]:
    """Belongings in safekeeping whose last day is near; none that are kept whatever the date."""
    for custody in custodies.kept(session):
        site = custody.locker.bank.site
        # Compared as days: what is kept for good, until 2099 or 9999, has no instant that could be told.
        if custody.keep_until is None or custody.keep_until >= local_day(site.zone, now + KEEPING_AHEAD_MS):
            continue
        if outcomes.what_holds(session, custody) is None:
            ends_at = day_start(site.zone, day_after(custody.keep_until))
            yield _of_day(Kind.KEEPING_ENDS, site.id, custody.id, ends_at, now)


def _starts(session: Session, _scope: str, now: int) -> Iterator[Occasion]:
    """Contracts that start within a day, or have started, while their locker is not ready."""
    for one in awaited(session, now, ahead_ms=START_AHEAD_MS):
        locker = one.holding.locker
        yield _at_locker(
            Kind.LOCKER_NOT_READY, locker.bank.site_id, locker.bank_id, locker.number, one.holding.from_at, now
        )


# What each look may find.
_KINDS: Mapping[Look, Collection[Kind]] = {
    _people: _CALLS.values(),
    _loans: _LOANS.values(),
    _limits: (Kind.LOAN_LIMIT,),
    _moves: (Kind.MOVE_DUE,),
    _keeping: (Kind.KEEPING_ENDS,),
    _starts: (Kind.LOCKER_NOT_READY,),
}


def _of_day(kind: Kind, site_id: str, about: str, since: int, now: int) -> Occasion:
    return Occasion(f"{kind}:{site_id}:{about}:{now // _DAY_MS}", kind, site_id, None, None, since, about=about)


def _at_locker(kind: Kind, site_id: str, bank_id: str, number: int, since: int, now: int) -> Occasion:
    return Occasion(f"{kind}:{bank_id}:{number}:{now // _DAY_MS}", kind, site_id, bank_id, number, since)
