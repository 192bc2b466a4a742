"""Looks into lockers that a clock which was ahead has dated: once it is put right, nobody knows who came after them."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gateway.custody.models import LockerCheck
from gateway.custody.readiness import look_again
from gateway.events.service import record
from gateway.lockers.models import Locker

# The clocks of two machines of one gateway are never so far apart; one that was ahead by less let nobody in for long.
APART_MS = 60_000


def withdraw_looks(session: Session, now: int) -> int:
    """Whatever was seen at a moment that has not come yet has to be seen again; says of how many lockers.

    What ended by the same clock ends at that moment too: until then its holder still comes, after the look.
    """
    ahead = LockerCheck.at > now + APART_MS
    lockers = session.scalars(
        select(Locker)
        .where(Locker.id.in_(select(LockerCheck.locker_id).where(ahead)))
        .order_by(Locker.bank_id, Locker.number)
    ).all()
    if not lockers:
        return 0
    session.execute(delete(LockerCheck).where(ahead))
    for locker in lockers:
        record(session, "locker_look_withdrawn", now=now, bank_id=locker.bank_id, locker=locker.number)
        look_again(session, locker, now)
    return len(lockers)
