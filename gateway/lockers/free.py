"""Which lockers can be given to someone."""

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from gateway.contracts.models import Holding
from gateway.lockers.models import Bank, Locker, Observation


def free_lockers(
    session: Session, now: int, *, site_id: str | None = None, until: int | None = None
) -> Sequence[Locker]:
    """Lockers that nobody holds from `now` on (or until `until`) and that are in service, by bank and number."""
    held = exists().where(Holding.locker_id == Locker.id, Holding.until_at > now, Holding.from_at < Holding.until_at)
    if until is not None:
        held = held.where(Holding.from_at < until)
    broken = exists().where(
        Observation.bank_id == Locker.bank_id, Observation.number == Locker.number, Observation.out_of_service
    )
    query = (
        select(Locker)
        .join(Bank, Bank.id == Locker.bank_id)
        .where(Locker.retired_at.is_(None), ~held, ~broken)
        .order_by(Bank.name, Locker.number)
    )
    if site_id is not None:
        query = query.where(Bank.site_id == site_id)
    return session.scalars(query).all()
