"""Works: a bank, or one locker, closed to new contracts for some days. No door is ever shut by this."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.days import day_after, day_start
from gateway.db import new_id
from gateway.errors import InvalidError, NotFoundError
from gateway.lockers.models import Works
from gateway.lockers.service import bank_of, locker_of


class Reason(StrEnum):
    """Why there are works."""

    REPAIR = "repair"
    CLEANING = "cleaning"
    BUILDING = "building"
    FITTING = "fitting"
    OTHER = "other"


def plan_works(
    session: Session, bank_id: str, *, number: int | None = None, first_on: date, last_on: date, reason: Reason,
    actor: str, now: int,
) -> Works:  # fmt: skip
    """Works from the beginning of `first_on` to the end of `last_on`, days of the site, on all lockers or one.

    Raises NotFoundError (`bank`, `locker`), InvalidError (`dates`, `date`).
    """
    zone = bank_of(session, bank_id).site.zone
    locker = locker_of(session, bank_id, number) if number is not None else None
    from_at, until_at = day_start(zone, first_on), day_start(zone, day_after(last_on))
    if until_at <= max(from_at, now):
        raise InvalidError("dates", f"works end on {last_on}: that is before they begin, or over already")
    made = Works(
        id=new_id(now), bank_id=bank_id, locker_id=locker.id if locker else None, from_at=from_at, until_at=until_at,
        reason=reason.value, decided_by=actor, decided_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(
        session, actor=actor, action="works_planned", subject=bank_id, now=now, works=made.id, locker=number,
        reason=reason.value,
    )  # fmt: skip
    return made


def end_works(session: Session, works_id: str, *, bank_id: str, actor: str, now: int) -> Works:
    """This bank's works are over, or will not be; what is over already stays. Raises NotFoundError (`works`)."""
    works = session.get(Works, works_id)
    if works is None or works.bank_id != bank_id:
        raise NotFoundError("works", "no such works")
    if works.cancelled_at is None and works.until_at > now:
        works.cancelled_at = now
        audit.record(session, actor=actor, action="works_ended", subject=works.bank_id, now=now, works=works.id)
    return works


def works_ahead(session: Session, bank_id: str, now: int) -> Sequence[Works]:
    """Works of the bank and its lockers that are not over, the nearest first."""
    bank_of(session, bank_id)
    return session.scalars(
        select(Works)
        .where(Works.bank_id == bank_id, Works.until_at > now, Works.cancelled_at.is_(None))
        .order_by(Works.from_at, Works.id)
    ).all()


def works_at(session: Session, bank_id: str, locker_id: str, at: int) -> Works | None:
    """Works on this locker at a moment, those that last longest."""
    return session.scalar(
        select(Works).where(on_locker(bank_id, locker_id, at)).order_by(Works.until_at.desc()).limit(1)
    )


def on_locker(bank_id: Any, locker_id: Any, at: Any) -> ColumnElement[bool]:
    """The SQL of works on this locker at a moment: values, or parameters that stand for them."""
    return and_(
        Works.bank_id == bank_id,
        or_(Works.locker_id.is_(None), Works.locker_id == locker_id),
        Works.from_at <= at,
        Works.until_at > at,
        Works.cancelled_at.is_(None),
    )
