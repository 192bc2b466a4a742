"""Lockers that somebody has used whom this database does not know as their holder: to be looked into before they are
given.

So it is where a database was put back to before somebody was given a locker that nobody had had: its bank tells of
their badge, or its own list names it. Of a locker that was held before, what is looked at since counts (withdrawn.py).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.orm import Session

from gateway.badges.models import Badge
from gateway.contracts.models import Holding, Party, TrustedPerson
from gateway.contracts.repository import has_locker
from gateway.custody.codes import USED
from gateway.custody.models import LockerCheck
from gateway.custody.readiness import look_again
from gateway.db import new_id
from gateway.events.service import record
from gateway.loans.models import ToolLocker
from gateway.lockers.models import Locker
from wire.access_list import Grant, Kind

NOT_LENT = ~exists().where(ToolLocker.locker_id == Locker.id)


def note_badges(session: Session, badges: Mapping[str, Collection[str]], now: int) -> None:
    """Lockers, by their ids, that nobody has had, and the digests of the badges that opened them.

    Whoever the locker is planned for may open it a moment early, by their bank's clock: that is no use by another.
    """
    planned = badges_of(session, badges)
    lockers = session.scalars(select(Locker).where(Locker.id.in_(badges), NOT_LENT).order_by(Locker.number)).all()
    _note(session, [locker for locker in lockers if not planned[locker.id].issuperset(badges[locker.id])], now)


def note_grants(session: Session, bank_id: str, grants: Collection[Grant], now: int) -> None:
    """What a bank follows and this database does not know: whoever may open a locker by it may have things inside."""
    numbers = {
        number
        for grant in grants
        if grant.kind in (Kind.HOLDER, Kind.COLLECT) and grant.not_before <= now < grant.not_after
        for number in grant.lockers
    }
    held = exists().where(Holding.locker_id == Locker.id, has_locker(now))
    query = select(Locker).where(Locker.bank_id == bank_id, Locker.number.in_(numbers), NOT_LENT, ~held)
    _note(session, session.scalars(query.order_by(Locker.number)).all(), now)


def note_use(session: Session, locker: Locker, now: int) -> None:
    """Somebody has used it whose contract, for all that is known from now on, never had it."""
    _note(session, [locker], now)


def forget_looks(session: Session, locker: Locker, *, by: str, now: int) -> None:
    """Others than a holder have used the locker, as `by` says: nothing that was seen until now counts any more."""
    session.execute(delete(LockerCheck).where(LockerCheck.locker_id == locker.id))
    session.add(LockerCheck(id=new_id(now), locker_id=locker.id, kind=USED, at=now, by=by))
    look_again(session, locker, now)


def badges_of(session: Session, lockers: Collection[str], *those: ColumnElement[bool]) -> Mapping[str, set[str]]:
    """The badges of everyone on a contract that has one of the lockers, or trusted there, by the locker; `those`: only
    of these holdings."""
    found: dict[str, set[str]] = defaultdict(set)
    query = (
        select(Holding.locker_id, Badge.digest)
        .join(
            Badge,
            or_(
                Badge.person_id.in_(select(Party.person_id).where(Party.contract_id == Holding.contract_id)),
                Badge.trusted_id.in_(select(TrustedPerson.id).where(TrustedPerson.contract_id == Holding.contract_id)),
            ),
        )
        .where(Holding.locker_id.in_(lockers), Holding.from_at < Holding.until_at, *those)
    )
    for locker_id, digest in session.execute(query):
        found[locker_id].add(digest)
    return found


def _note(session: Session, lockers: Sequence[Locker], now: int) -> None:
    """Every look until now counts no more; told once until somebody looks again."""
    for locker in lockers:
        of_it = select(LockerCheck.kind).where(LockerCheck.locker_id == locker.id).distinct()
        kinds = set(session.scalars(of_it))
        if kinds == {USED}:
            continue
        record(session, "locker_used_unknown", now=now, bank_id=locker.bank_id, locker=locker.number)
        forget_looks(session, locker, by=locker.bank_id, now=now)
