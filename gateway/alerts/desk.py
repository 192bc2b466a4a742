"""What waits for people and not at a door: told to those who can act at the site, without saying whom it is about."""

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.alerts.kinds import Kind
from gateway.alerts.occasions import Occasion
from gateway.care import standing
from gateway.care.cadence import Call
from gateway.custody import outcomes
from gateway.custody import service as custodies
from gateway.custody.waiting import awaited
from gateway.days import day_after, day_start
from gateway.loans import attention, reminders
from gateway.loans.codes import ReminderKind
from gateway.lockers.models import Bank, Site
from gateway.lockers.winding_down import to_move
from gateway.schemes.codes import Service
from gateway.schemes.models import Scheme

# All this is a matter of days; looking at everyone is not for every round.
EVERY_MS = 30 * 60_000
_DAY_MS = 86_400_000
# How long before its date something is told, so that there is time to act.
MOVE_AHEAD_MS = 14 * _DAY_MS
KEEPING_AHEAD_MS = 3 * _DAY_MS
START_AHEAD_MS = _DAY_MS
_CALLS = {Call.REVIEW: Kind.REVIEW_DUE, Call.MISSED: Kind.CONTACT_MISSED}
_LOANS = {ReminderKind.DUE_SOON: Kind.LOAN_DUE_SOON, ReminderKind.OVERDUE: Kind.LOAN_OVERDUE}


class Desk:
    """Remembers what it found until it is time to look again. An occasion is over when someone has seen to it."""

    def __init__(self) -> None:
        self._found: Sequence[Occasion] = ()
        self._looked_at: int | None = None

    def standing(self, session: Session, now: int) -> Sequence[Occasion]:
        """Everything that waits now; each thing is told once, and once more if it comes up again another day."""
        if self._looked_at is None or now - self._looked_at >= EVERY_MS:
            self._found = [one for look in _LOOKS for one in look(session, now)]
            self._looked_at = now
        return self._found


def _people(session: Session, now: int) -> Iterator[Occasion]:
    """Missed contacts, and reviews that are due."""
    for site_id in session.scalars(select(Site.id)).all():
        for one in standing.of_site(session, site_id, now=now):
            kind = _CALLS.get(one.due.call)
            if kind is not None:
                yield _of_day(kind, site_id, one.person.id, now, now)


def _loans(session: Session, now: int) -> Iterator[Occasion]:
    """Members whom nobody has reminded yet. A loan that was put off has another date, and is told of anew."""
    for due in reminders.to_tell(session, now=now):
        loan, kind = due.loan, _LOANS[due.kind]
        key = f"{kind}:{loan.id}:{loan.due_at}"
        yield Occasion(key, kind, loan.membership.site_id, None, None, loan.due_at, about=loan.id)


def _limits(session: Session, now: int) -> Iterator[Occasion]:
    """Limits of tool libraries that are passed."""
    libraries = select(Scheme.id).where(Scheme.service == Service.TOOLS)
    for scheme_id in session.scalars(libraries).all():
        for one in attention.attention(session, scheme_id=scheme_id, now=now):
            if one.site_id is not None:
                yield _of_day(Kind.LOAN_LIMIT, one.site_id, f"{one.limit}:{one.subject}", now, now)


def _moves(session: Session, now: int) -> Iterator[Occasion]:
    """Contracts that must find another locker, once the date is set and near."""
    sites = {bank_id: site_id for bank_id, site_id in session.execute(select(Bank.id, Bank.site_id))}
    for move in to_move(session, now):
        if move.by is not None and move.by <= now + MOVE_AHEAD_MS:
            yield _at_locker(Kind.MOVE_DUE, sites[move.bank], move.bank, move.number, move.by, now)


def _keeping(session: Session, now: int) -> Iterator[Occasion]:
    """Belongings in safekeeping whose last day is near; none that are kept whatever the date."""
    for custody in custodies.kept(session):
        site = custody.locker.bank.site
        if custody.keep_until is None:
            continue
        ends_at = day_start(site.zone, day_after(custody.keep_until))
        if ends_at <= now + KEEPING_AHEAD_MS and outcomes.what_holds(session, custody) is None:
            yield _of_day(Kind.KEEPING_ENDS, site.id, custody.id, ends_at, now)


def _starts(session: Session, now: int) -> Iterator[Occasion]:
    """Contracts that start within a day, or have started, while their locker is not ready."""
    for one in awaited(session, now, ahead_ms=START_AHEAD_MS):
        locker = one.holding.locker
        yield _at_locker(
            Kind.LOCKER_NOT_READY, locker.bank.site_id, locker.bank_id, locker.number, one.holding.from_at, now
        )


_LOOKS: Sequence[Callable[[Session, int], Iterator[Occasion]]] = (_people, _loans, _limits, _moves, _keeping, _starts)


def _of_day(kind: Kind, site_id: str, about: str, since: int, now: int) -> Occasion:
    return Occasion(f"{kind}:{site_id}:{about}:{now // _DAY_MS}", kind, site_id, None, None, since, about=about)


def _at_locker(kind: Kind, site_id: str, bank_id: str, number: int, since: int, now: int) -> Occasion:
    return Occasion(f"{kind}:{bank_id}:{number}:{now // _DAY_MS}", kind, site_id, bank_id, number, since)
