"""Lockers of one bank kept for the people of one charity each."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.contracts.models import Contract, Holding
from gateway.days import day_after, day_start, local_day
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers.models import Allotment, Locker
from gateway.lockers.roles import has_role, organisation_of
from gateway.lockers.service import bank_of, locker_of
from gateway.people.models import Person


def allot(
    session: Session, bank_id: str, number: int, *, organisation_id: str, until_on: date | None = None, actor: str,
    now: int,
) -> Allotment:  # fmt: skip
    """From now on, to the end of `until_on` if there is one, the locker is for this organisation's people.

    Raises NotFoundError (`bank`, `locker`, `organisation`), InvalidError (`dates`), ConflictError (`no_role`,
    `allotted`, `held_by_others`).
    """
    locker, organisation = locker_of(session, bank_id, number), organisation_of(session, organisation_id)
    if not has_role(session, locker.bank, organisation_id):
        raise ConflictError("no_role", f"{organisation.name} has no role at {bank_id}: give it one first")
    until = day_start(locker.bank.site.zone, day_after(until_on)) if until_on else None
    if until is not None and until <= now:
        raise InvalidError("dates", "the last day of an allotment is before today")
    _refuse_overlap(session, locker, until, now)
    _refuse_held(session, locker, organisation_id, until, now)
    made = Allotment(id=new_id(now), locker_id=locker.id, organisation_id=organisation_id, from_at=now, until_at=until)
    session.add(made)
    session.flush()
    _audit(session, "locker_allotted", made, actor, now)
    return made


def take_back(session: Session, allotment_id: str, *, bank_id: str, actor: str, now: int) -> Allotment:
    """The locker of this bank is for everyone again; its contracts go on. Raises NotFoundError (`allotment`)."""
    found = session.get(Allotment, allotment_id)
    if found is None or session.get_one(Locker, found.locker_id).bank_id != bank_id:
        raise NotFoundError("allotment", "no such allotment")
    if found.until_at is None or found.until_at > now:
        found.until_at = max(found.from_at, now)
        session.flush()
        _audit(session, "locker_taken_back", found, actor, now)
    return found


def allotment_at(session: Session, locker_id: str, at: int) -> Allotment | None:
    """For whom the locker is kept at a moment; None: for everyone."""
    return session.scalar(select(Allotment).where(Allotment.locker_id == locker_id, in_force(at)))


def allotments_of(session: Session, bank_id: str, at: int) -> Sequence[tuple[Locker, Allotment]]:
    """The bank's lockers that are kept for someone at a moment, by number."""
    bank_of(session, bank_id)
    rows = session.execute(
        select(Locker, Allotment)
        .join(Allotment, Allotment.locker_id == Locker.id)
        .where(Locker.bank_id == bank_id, in_force(at))
        .order_by(Locker.number)
    )
    return [(row[0], row[1]) for row in rows]


def in_force(at: Any) -> ColumnElement[bool]:
    """The SQL of an allotment in force at a moment: a value, or a parameter that stands for it."""
    return and_(Allotment.from_at <= at, or_(Allotment.until_at.is_(None), Allotment.until_at > at))


def _refuse_overlap(session: Session, locker: Locker, until: int | None, now: int) -> None:
    query = select(Allotment).where(
        Allotment.locker_id == locker.id, or_(Allotment.until_at.is_(None), Allotment.until_at > now)
    )
    if until is not None:
        query = query.where(Allotment.from_at < until)
    other = session.scalar(query.limit(1))
    if other is not None:
        name = organisation_of(session, other.organisation_id).name
        raise ConflictError("allotted", f"locker {locker.number} is allotted to {name}: take it back first")


def _refuse_held(session: Session, locker: Locker, organisation_id: str, until: int | None, now: int) -> None:
    query = (
        select(Holding)
        .join(Contract, Contract.id == Holding.contract_id)
        .join(Person, Person.id == Contract.person_id)
        .where(
            Holding.locker_id == locker.id, Holding.until_at > now, Holding.from_at < Holding.until_at,
            Person.organisation_id != organisation_id,
        )
        .order_by(Holding.until_at.desc())
    )  # fmt: skip
    if until is not None:
        query = query.where(Holding.from_at < until)
    held = session.scalar(query.limit(1))
    if held is not None:
        day = local_day(locker.bank.site.zone, held.until_at)
        raise ConflictError(
            "held_by_others", f"locker {locker.number} is held by another charity's contract until {day}: allot it then"
        )


def _audit(session: Session, action: str, allotment: Allotment, actor: str, now: int) -> None:
    audit.record(
        session, actor=actor, action=action, subject=allotment.locker_id, now=now,
        organisation=allotment.organisation_id, until=allotment.until_at,
    )  # fmt: skip
