"""Looks into lockers that count no more: for all that is known, the last holder came after them or may still come."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import BigInteger, ColumnElement, String, and_, bindparam, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from gateway.contracts.models import Holding
from gateway.custody.codes import USED
from gateway.custody.models import LockerCheck
from gateway.custody.readiness import look_again
from gateway.custody.used import NOT_LENT, badges_of, note_badges
from gateway.events.service import record
from gateway.lockers.models import Locker
from gateway.lockers.observations import by_holder
from gateway.prepared import PreparedForSome, some
from wire.entries import Entry

# The clocks of two machines of one gateway are never so far apart; one that was ahead by less let nobody in for long.
APART_MS = 60_000

# When the last one who has had the locker leaves it, or left it.
_LEFT = (
    select(func.max(Holding.until_at))
    .where(
        Holding.locker_id == Locker.id,
        Holding.from_at < Holding.until_at,
        Holding.from_at <= bindparam("now", type_=BigInteger()),
        Holding.waits_since.is_(None),
    )
    .correlate(Locker)
    .scalar_subquery()
)
_SINCE = exists().where(
    LockerCheck.locker_id == Locker.id,
    LockerCheck.at >= _LEFT,
    LockerCheck.kind != bindparam("used", type_=String()),
)
# Lockers of a bank that were looked into for whoever comes next, and those that nobody has had.
_LOOKED_INTO = select(Locker.id, Locker.number, _LEFT).where(
    Locker.bank_id == bindparam("bank", type_=String()),
    or_(_SINCE, and_(_LEFT.is_(None), NOT_LENT)),
)
_OF_SOME = PreparedForSome(lambda size: _LOOKED_INTO.where(Locker.number.in_(some("number", size))))


def note_uses(session: Session, bank_id: str, entries: Sequence[Entry], *, now: int) -> None:
    """Whoever opened a locker with their badge may have left something: after a look, that is known too late for it.

    What a bank tells after a look counts as later, whatever either clock said: a bank that was not in touch still let
    its last holder in, and so did all banks where a gateway's clock that was ahead has dated an end. A locker that
    nobody has had, for all that is known, somebody has used whom a database that was put back does not know. Whoever
    comes next may be there already, by their bank's clock: where this one is behind, they are not the last holder.
    """
    badges: dict[int, set[str]] = defaultdict(set)
    for entry in entries:
        if by_holder(entry):  # staff who open a locker know what they put into it
            badges[entry.body["locker"]].add(entry.body["digest"])
    if not badges:
        return
    values = {"bank": bank_id, "now": now, "used": USED}
    found = _OF_SOME.run(session.connection(), values, number=sorted(badges))
    looked_into = {locker_id: badges[number] for locker_id, number, left in found if left is not None}
    if looked_into:
        coming = badges_of(session, looked_into, Holding.from_at > now, Holding.waits_since.is_(None))
        by_others = [locker_id for locker_id, used in looked_into.items() if not coming[locker_id].issuperset(used)]
        _withdraw(session, LockerCheck.locker_id.in_(by_others), now)
    never_had = {locker_id: badges[number] for locker_id, number, left in found if left is None}
    if never_had:
        note_badges(session, never_had, now)


def withdraw_looks(session: Session, banks: Collection[str], now: int) -> int:
    """Whatever was seen there at a moment that has not come yet has to be seen again; says of how many lockers.

    What ended by the same clock ends at that moment too: until then its holder still comes, after the look. That `now`
    is right has to be known from somewhere else: by a clock that is behind, everything was seen in the future.
    """
    there = select(Locker.id).where(Locker.bank_id.in_(banks))
    return _withdraw(session, and_(LockerCheck.at > now + APART_MS, LockerCheck.locker_id.in_(there)), now)


def _withdraw(session: Session, those: ColumnElement[bool], now: int) -> int:
    looks = and_(those, LockerCheck.kind != USED)
    lockers = session.scalars(
        select(Locker)
        .where(Locker.id.in_(select(LockerCheck.locker_id).where(looks)))
        .order_by(Locker.bank_id, Locker.number)
    ).all()
    if not lockers:
        return 0
    session.execute(delete(LockerCheck).where(looks))
    for locker in lockers:
        record(session, "locker_look_withdrawn", now=now, bank_id=locker.bank_id, locker=locker.number)
        look_again(session, locker, now)
    return len(lockers)
