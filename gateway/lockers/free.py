"""Which lockers can be given to someone."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from gateway.contracts.models import Holding
from gateway.custody.readiness import unready
from gateway.loans.models import ToolLocker
from gateway.lockers.models import Allotment, Bank, Locker, Observation, Works
from gateway.lockers.sight import sight_of


def free_lockers(
    session: Session,
    now: int,
    *,
    site_id: str | None = None,
    until: int | None = None,
    organisation_id: str | None = None,
) -> Sequence[Locker]:
    """Lockers that nobody holds from `now` on (or until `until`) and that are in service, by bank and number.

    None with works now, in a bank that winds down, not ready since its last holder, or lending tools; for an
    organisation, none that are kept for another, or where it has no role.
    """
    held = exists().where(Holding.locker_id == Locker.id, Holding.until_at > now, Holding.from_at < Holding.until_at)
    if until is not None:
        held = held.where(Holding.from_at < until)
    broken = exists().where(
        Observation.bank_id == Locker.bank_id, Observation.number == Locker.number, Observation.out_of_service
    )
    works = exists().where(
        Works.bank_id == Locker.bank_id,
        (Works.locker_id.is_(None)) | (Works.locker_id == Locker.id),
        Works.from_at <= now,
        Works.until_at > now,
        Works.cancelled_at.is_(None),
    )
    lends_tools = exists().where(ToolLocker.locker_id == Locker.id)
    query = (
        select(Locker)
        .join(Bank, Bank.id == Locker.bank_id)
        .where(
            Locker.retired_at.is_(None),
            Bank.winding_down_since.is_(None),
            ~held,
            ~broken,
            ~works,
            ~unready(now),
            ~lends_tools,
        )
        .order_by(Bank.name, Locker.number)
    )
    if site_id is not None:
        query = query.where(Bank.site_id == site_id)
    if organisation_id is not None:
        seen = sight_of(session, organisation_id).seen
        query = query.where(Locker.bank_id.in_(seen), ~_kept_for_another(organisation_id, now))
    return session.scalars(query).all()


def _kept_for_another(organisation_id: str, now: int) -> ColumnElement[bool]:
    return exists().where(
        Allotment.locker_id == Locker.id,
        Allotment.organisation_id != organisation_id,
        Allotment.from_at <= now,
        (Allotment.until_at.is_(None)) | (Allotment.until_at > now),
    )
