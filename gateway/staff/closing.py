"""Closing a staff account: what it looks after is handed on first, so that nobody is left without a worker."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.badges import service as badges
from gateway.badges.models import Badge
from gateway.care import looking_after
from gateway.care.repository import today
from gateway.errors import ConflictError
from gateway.incidents import stand_ins
from gateway.incidents.request_models import Leave
from gateway.staff.service import end_sign_ins, looked_after, staff_of


def hand_on(session: Session, staff_id: str, *, to: str, actor: str, now: int) -> Sequence[str]:
    """`to` looks after everyone whom `staff_id` looks after, and stands in wherever they do, from now on.

    Answers who those people are. Raises NotFoundError (`staff`), ConflictError (`worker`, `stand_in_away`),
    InvalidError (`stand_in`).
    """
    people = looking_after.hand_on(session, staff_id, to=to, actor=actor, now=now)
    for leave in _stood_in(session, staff_id, now):
        stand_ins.change_stand_in(session, leave.id, stand_in_id=to, actor=actor, now=now)
    return people


def close_account(session: Session, staff_id: str, *, actor: str, now: int) -> None:
    """The account, its sign-ins, its tokens and its badges work no more; its own leave is over.

    Raises NotFoundError (`staff`), ConflictError: `looks_after` while it is the named worker of `people`, `stands_in`
    while it stands in on `leaves`.
    """
    staff = staff_of(session, staff_id)
    people = looked_after(session, staff_id)
    if people:
        raise ConflictError(
            "looks_after",
            f"{staff.name} looks after {len(people)} people: hand them on to another worker first, so that nobody is "
            "without one",
            people=people,
        )
    leaves = [leave.id for leave in _stood_in(session, staff_id, now)]
    if leaves:
        raise ConflictError(
            "stands_in",
            f"{staff.name} stands in for colleagues on leave ({len(leaves)}): find someone else for that first, so "
            "that nobody is without one",
            leaves=leaves,
        )
    staff.disabled_at = staff.disabled_at or now
    end_sign_ins(session, staff_id, now)
    for badge in session.scalars(select(Badge).where(Badge.staff_id == staff_id)).all():
        badges.revoke(session, badge.id, reason="ended", actor=actor, now=now)
    for leave in _leaves(session, staff_id, now):
        stand_ins.cancel(session, leave.id, actor=actor, now=now)
    audit.record(session, actor=actor, action="staff_disabled", subject=staff_id, now=now)


def _stood_in(session: Session, staff_id: str, now: int) -> Sequence[Leave]:
    """Today's leaves and later ones, on which they stand in for somebody."""
    return [one for one in _both(session, staff_id, now) if one.stand_in_id == staff_id]


def _leaves(session: Session, staff_id: str, now: int) -> Sequence[Leave]:
    return [one for one in _both(session, staff_id, now) if one.staff_id == staff_id]


def _both(session: Session, staff_id: str, now: int) -> Sequence[Leave]:
    query = select(Leave).where(
        (Leave.staff_id == staff_id) | (Leave.stand_in_id == staff_id),
        Leave.cancelled_at.is_(None),
        Leave.until_on >= today(session, now),
    )
    return session.scalars(query.order_by(Leave.from_on, Leave.id)).all()
