"""Workers on leave and who stands in for them: dated, and nobody is ever without one."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.incidents.request_models import Leave
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.people.models import Person
from gateway.staff.models import Staff
from gateway.staff.rights import Right, may
from gateway.staff.service import looked_after, staff_of

MAX_DAYS = 366


def go_on_leave(
    session: Session, *, staff_id: str, stand_in_id: str, from_on: date, until_on: date, actor: str, now: int
) -> Leave:
    """Both days included. Whoever stands in is there all the time, and stands in for nobody while away themselves.

    Raises NotFoundError (`staff`), InvalidError (`dates`, `stand_in`), ConflictError (`on_leave`, `stand_in_away`,
    `stands_in`).
    """
    staff_of(session, staff_id)
    if not 0 <= (until_on - from_on).days < MAX_DAYS:
        raise InvalidError("dates", f"a leave lasts from 1 to {MAX_DAYS} days")
    if _leaves(session, Leave.staff_id == staff_id, from_on, until_on):
        raise ConflictError("on_leave", "they are on leave on one of these days already: cancel that leave first")
    if _leaves(session, Leave.stand_in_id == staff_id, from_on, until_on):
        raise ConflictError(
            "stands_in", "they stand in for someone on these days: find that one another stand-in first"
        )
    leave = Leave(
        id=new_id(now), staff_id=staff_id, from_on=from_on, until_on=until_on, recorded_by=actor, recorded_at=now
    )
    leave.stand_in_id = _checked_stand_in(session, leave, stand_in_id)
    session.add(leave)
    session.flush()
    _audit(session, "leave_recorded", leave, actor, now)
    return leave


def change_stand_in(session: Session, leave_id: str, *, stand_in_id: str, actor: str, now: int) -> Leave:
    """Someone else stands in from now on.

    Raises as go_on_leave, and NotFoundError (`leave`), ConflictError (`cancelled`).
    """
    leave = leave_of(session, leave_id)
    if leave.cancelled_at is not None:
        raise ConflictError("cancelled", "this leave was cancelled: record a new one")
    leave.stand_in_id = _checked_stand_in(session, leave, stand_in_id)
    session.flush()
    _audit(session, "stand_in_changed", leave, actor, now)
    return leave


def cancel(session: Session, leave_id: str, *, actor: str, now: int) -> Leave:
    """They are back, or never went; cancelling again changes nothing. Raises NotFoundError (`leave`)."""
    leave = leave_of(session, leave_id)
    if leave.cancelled_at is None:
        leave.cancelled_by, leave.cancelled_at = actor, now
        session.flush()
        _audit(session, "leave_cancelled", leave, actor, now)
    return leave


def acting_for(session: Session, staff_id: str, day: date) -> str:
    """Who sees to this worker's people on `day`: their stand-in, or they themselves. Raises NotFoundError (`staff`)."""
    staff_of(session, staff_id)
    away = _leaves(session, Leave.staff_id == staff_id, day, day)
    return away[0].stand_in_id if away else staff_id


def who_can(session: Session, staff_id: str, among: Iterable[Staff]) -> Sequence[Staff]:
    """Of these accounts the open ones that may look after people and see all those whom `staff_id` looks after.

    Raises NotFoundError (`staff`).
    """
    theirs = _organisations(session, staff_of(session, staff_id))
    return [
        one
        for one in among
        if one.id != staff_id and one.disabled_at is None and may(one.role, Right.CARE)
        and (one.organisation_id is None or theirs <= {one.organisation_id})
    ]  # fmt: skip


def uncovered(session: Session, day: date, *, organisation_id: str | None = None) -> Sequence[Leave]:
    """Leaves of `day` or later whose stand-in's account was closed meanwhile, or cannot see to these people: each needs
    another one."""
    query = (
        select(Leave, Staff)
        .join(Staff, Staff.id == Leave.stand_in_id)
        .where(Leave.cancelled_at.is_(None), Leave.until_on >= day)
        .where(*_of(organisation_id))
    )
    found = session.execute(query.order_by(Leave.from_on, Leave.id)).all()
    return [leave for leave, stand_in in found if not who_can(session, leave.staff_id, [stand_in])]


def leave_of(session: Session, leave_id: str) -> Leave:
    """Raises NotFoundError with code `leave`."""
    leave = session.get(Leave, leave_id)
    if leave is None:
        raise NotFoundError("leave", "no such leave")
    return leave


def list_leaves(
    session: Session, *, staff_id: str | None = None, day: date | None = None, organisation_id: str | None = None,
    after: str | None = None, limit: int = PAGE_SIZE,
) -> Page[Leave]:  # fmt: skip
    """Leaves that were not cancelled; of one worker (away or standing in), one day, one organisation."""
    query = select(Leave).where(Leave.cancelled_at.is_(None), *_of(organisation_id))
    if staff_id is not None:
        query = query.where(or_(Leave.staff_id == staff_id, Leave.stand_in_id == staff_id))
    if day is not None:
        query = query.where(Leave.from_on <= day, Leave.until_on >= day)
    return page_of(session, query, Leave.id, after=after, limit=limit)


def _of(organisation_id: str | None) -> Sequence[ColumnElement[bool]]:
    if organisation_id is None:
        return ()
    return (Leave.staff_id.in_(select(Staff.id).where(Staff.organisation_id == organisation_id)),)


def _checked_stand_in(session: Session, leave: Leave, stand_in_id: str) -> str:
    stand_in = staff_of(session, stand_in_id)
    if not who_can(session, leave.staff_id, [stand_in]):
        raise InvalidError(
            "stand_in", "someone else of the same organisation stands in, who looks after people with an open account"
        )
    if _leaves(session, Leave.staff_id == stand_in.id, leave.from_on, leave.until_on):
        raise ConflictError("stand_in_away", "they are on leave on one of these days themselves: choose someone else")
    return stand_in.id


def _organisations(session: Session, staff: Staff) -> set[str]:
    """Whose people they look after; an account without an organisation may look after those of several."""
    if staff.organisation_id is not None:
        return {staff.organisation_id}
    query = select(Person.organisation_id).where(Person.id.in_(looked_after(session, staff.id)))
    return set(session.scalars(query))


def _leaves(session: Session, whose: ColumnElement[bool], from_on: date, until_on: date) -> Sequence[Leave]:
    query = select(Leave).where(
        whose, Leave.cancelled_at.is_(None), Leave.from_on <= until_on, Leave.until_on >= from_on
    )
    return session.scalars(query.order_by(Leave.from_on)).all()


def _audit(session: Session, action: str, leave: Leave, actor: str, now: int) -> None:
    audit.record(
        session, actor=actor, action=action, subject=leave.staff_id, now=now, leave=leave.id,
        stand_in=leave.stand_in_id,
    )  # fmt: skip
