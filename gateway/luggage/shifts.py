"""Shifts at the desk: opened, closed, and what happened in between, counted."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import case, func, select, union
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.contracts.models import Contract
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers.models import Site
from gateway.luggage.models import DeskShift, Luggage, ServiceUse
from gateway.money.codes import Means, Movement
from gateway.money.models import Claim, MoneyMovement
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.staff.models import Staff

MAX_CASH_CENTS = 10_000_000
MAX_NOTE = 500


@dataclass(frozen=True)
class Counts:
    """One shift in figures; `expected_cents`: the cash that ought to be in the box."""

    people: int
    things_in: int
    things_out: int
    services: Mapping[str, int]
    cash_cents: int
    forgiven_cents: int
    expected_cents: int


def open_shift(
    session: Session, *, site_id: str, staff_id: str, float_cents: int = 0, actor: str, now: int
) -> DeskShift:
    """Begins a shift, with so much cash in the box. Opening what is open at that site changes nothing.

    Raises NotFoundError (`site`), InvalidError (`cents`), ConflictError (`shift_open`: at another site).
    """
    if session.get(Site, site_id) is None:
        raise NotFoundError("site", "no such site")
    present = present_shift(session, staff_id)
    if present is not None and present.site_id == site_id:
        return present
    if present is not None:
        raise ConflictError("shift_open", f"your shift at {present.site.name} is still open: close it first")
    shift = DeskShift(
        id=new_id(now), site_id=site_id, staff_id=staff_id, opened_at=now, float_cents=_cents(float_cents)
    )
    session.add(shift)
    session.flush()
    audit.record(session, actor=actor, action="shift_opened", subject=shift.id, now=now, site=site_id)
    return shift


def close_shift(
    session: Session, shift_id: str, *, counted_cents: int | None = None, note: str | None = None, actor: str, now: int
) -> DeskShift:
    """Ends a shift, its cash counted or not; a difference is shown, never charged.

    Raises NotFoundError (`shift`), InvalidError (`cents`, `note`), ConflictError (`shift_closed`).
    """
    shift = shift_of(session, shift_id)
    if shift.closed_at is not None:
        raise ConflictError("shift_closed", "this shift was closed already")
    text = (note or "").strip()
    if len(text) > MAX_NOTE:
        raise InvalidError("note", f"at most {MAX_NOTE} characters")
    shift.closed_at = max(now, shift.opened_at)  # a clock that was ahead may have opened it
    shift.note = text or None
    shift.counted_cents = None if counted_cents is None else _cents(counted_cents)
    session.flush()
    audit.record(session, actor=actor, action="shift_closed", subject=shift.id, now=now, counted_cents=counted_cents)
    return shift


def shift_of(session: Session, shift_id: str) -> DeskShift:
    """Raises NotFoundError with code `shift`."""
    shift = session.get(DeskShift, shift_id)
    if shift is None:
        raise NotFoundError("shift", "no such shift")
    return shift


def present_shift(session: Session, staff_id: str) -> DeskShift | None:
    """The shift that this member of staff has open."""
    return session.scalar(select(DeskShift).where(DeskShift.staff_id == staff_id, DeskShift.closed_at.is_(None)))


def present_id(session: Session, staff_id: str) -> str | None:
    """What is written beside everything done at the desk; None where no shift is open."""
    shift = present_shift(session, staff_id)
    return shift.id if shift else None


def list_shifts(
    session: Session,
    *,
    site_id: str | None = None,
    organisation_id: str | None = None,
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> Page[DeskShift]:
    """In the order in which they were opened; of one organisation's staff, or of all."""
    query = select(DeskShift)
    if organisation_id is not None:
        query = query.join(Staff, Staff.id == DeskShift.staff_id).where(Staff.organisation_id == organisation_id)
    if site_id is not None:
        query = query.where(DeskShift.site_id == site_id)
    return page_of(session, query, DeskShift.id, after=after, limit=limit)


def counts(session: Session, shift: DeskShift) -> Counts:
    """What happened in the shift, as far as it is not void or undone."""
    things_in = session.scalar(select(func.sum(Luggage.quantity)).where(Luggage.in_shift_id == shift.id))
    things_out = session.scalar(select(func.sum(Luggage.quantity)).where(Luggage.out_shift_id == shift.id))
    used = session.execute(
        select(ServiceUse.service, func.sum(ServiceUse.count))
        .where(ServiceUse.shift_id == shift.id, ServiceUse.undone_at.is_(None))
        .group_by(ServiceUse.service)
        .order_by(ServiceUse.service)
    )
    cash, forgiven = _money(session, shift.id)
    return Counts(
        people=_people(session, shift.id),
        things_in=int(things_in or 0),
        things_out=int(things_out or 0),
        services={service: int(count) for service, count in used},
        cash_cents=cash,
        forgiven_cents=forgiven,
        expected_cents=shift.float_cents + cash,
    )


def _money(session: Session, shift_id: str) -> tuple[int, int]:
    """Cash that came in less cash that went out, and what was forgiven."""
    kind, cents = MoneyMovement.movement, MoneyMovement.cents
    cash = case((MoneyMovement.means != Means.CASH.value, 0), (kind == Movement.RECEIVED.value, cents), else_=-cents)
    row = session.execute(
        select(
            func.sum(case((kind == Movement.FORGIVEN.value, 0), else_=cash)),
            func.sum(case((kind == Movement.FORGIVEN.value, cents), else_=0)),
        ).where(MoneyMovement.shift_id == shift_id, MoneyMovement.void_at.is_(None))
    ).one()
    return int(row[0] or 0), int(row[1] or 0)


def _people(session: Session, shift_id: str) -> int:
    """How many different people were served."""
    of_luggage = (
        select(Contract.person_id)
        .join(Luggage, Luggage.contract_id == Contract.id)
        .where((Luggage.in_shift_id == shift_id) | (Luggage.out_shift_id == shift_id))
    )
    of_services = select(ServiceUse.person_id).where(
        ServiceUse.shift_id == shift_id, ServiceUse.undone_at.is_(None), ServiceUse.person_id.is_not(None)
    )
    of_money = (
        select(Claim.person_id)
        .join(MoneyMovement, MoneyMovement.claim_id == Claim.id)
        .where(MoneyMovement.shift_id == shift_id, MoneyMovement.void_at.is_(None))
    )
    served = union(of_luggage, of_services, of_money).subquery()
    return session.scalar(select(func.count()).select_from(served)) or 0


def _cents(cents: int) -> int:
    if not 0 <= cents <= MAX_CASH_CENTS:
        raise InvalidError("cents", f"an amount is 0 to {MAX_CASH_CENTS} cents")
    return cents
