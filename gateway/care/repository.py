"""Reads what standing needs, for many people at once: contracts in force, last use, absences, reviews, leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from gateway.care.models import NamedWorker, Review
from gateway.contracts.models import Absence, Contract, Death, Holding, Party
from gateway.days import local_day
from gateway.incidents.request_models import Leave
from gateway.lockers.models import Bank, Locker, Observation, Site
from gateway.people.models import Person
from gateway.schemes.terms import Terms
from gateway.staff.models import Staff


@dataclass(frozen=True)
class Stay:
    """One person on one contract in force: `since` they are on it, under which terms, and where."""

    person_id: str
    contract_id: str
    since: int
    terms: Terms
    zone: str
    last_used: int | None


def stays(session: Session, now: int, *narrowed: ColumnElement[bool]) -> Sequence[Stay]:
    """Everyone on a contract that is in force at `now`, suspended or not; nobody whose contract a death has frozen.

    `last_used`: when a locker was last opened by its holder, or for them, since they hold it.
    """
    used = func.max(Observation.last_opened_at).filter(Observation.last_opened_at >= Holding.from_at)
    query = (
        select(Party.person_id, Contract.id, Party.from_at, Contract.terms, func.max(Site.zone), used)
        .join(Contract, Contract.id == Party.contract_id)
        .join(Person, Person.id == Party.person_id)
        .join(Holding, Holding.contract_id == Contract.id)
        .join(Locker, Locker.id == Holding.locker_id)
        .join(Bank, Bank.id == Locker.bank_id)
        .join(Site, Site.id == Bank.site_id)
        .outerjoin(Observation, (Observation.bank_id == Bank.id) & (Observation.number == Locker.number))
        .where(_in_force(now), Person.erased_at.is_(None), *narrowed)
        .where(Holding.from_at <= now, Holding.until_at > now)
        .group_by(Party.person_id, Contract.id, Party.from_at, Contract.terms)
        .order_by(Party.person_id, Contract.id)
    )
    return [Stay(*row) for row in session.execute(query)]


def _in_force(now: int) -> ColumnElement[bool]:
    return (
        Contract.signed_at.is_not(None)
        & Contract.frozen_at.is_(None)
        & (Contract.from_at <= now)
        & (Contract.until_at > now)
        & (Party.from_at <= now)
        & or_(Party.until_at.is_(None), Party.until_at > now)
    )


def looked_after_by(staff_ids: Sequence[str]) -> ColumnElement[bool]:
    """People whose named worker is one of these."""
    return Party.person_id.in_(_worked(NamedWorker.staff_id.in_(staff_ids)))


def without_worker() -> ColumnElement[bool]:
    """People for whom no one is named, or only someone whose account is closed."""
    works = exists().where(Staff.id == NamedWorker.staff_id, Staff.disabled_at.is_(None))
    return Party.person_id.not_in(_worked(works))


def _worked(clause: ColumnElement[bool]) -> Select[str]:
    return select(NamedWorker.person_id).where(NamedWorker.until_at.is_(None), clause)


def stood_in_for(session: Session, staff_id: str, day: date) -> Sequence[str]:
    """The members of staff on leave that day for whom this one stands in."""
    query = select(Leave.staff_id).where(
        Leave.stand_in_id == staff_id, Leave.from_on <= day, Leave.until_on >= day, Leave.cancelled_at.is_(None)
    )
    return session.scalars(query.distinct().order_by(Leave.staff_id)).all()


def away(session: Session, people: Sequence[str]) -> frozenset[str]:
    """Those who are absent (hospital, prison, family) until someone says they are back."""
    query = select(Absence.person_id).where(Absence.person_id.in_(people), Absence.ended_at.is_(None))
    return frozenset(session.scalars(query))


def dead(session: Session, people: Sequence[str]) -> frozenset[str]:
    """Those whose death is written down, and was not a mistake."""
    query = select(Death.person_id).where(Death.person_id.in_(people), Death.withdrawn_at.is_(None))
    return frozenset(session.scalars(query))


def back_since(session: Session, people: Sequence[str]) -> Mapping[str, int]:
    """When their last absence was ended."""
    query = select(Absence.person_id, func.max(Absence.ended_at)).where(
        Absence.person_id.in_(people), Absence.ended_at.is_not(None)
    )
    return {person_id: ended for person_id, ended in session.execute(query.group_by(Absence.person_id)) if ended}


def reviews(session: Session, people: Sequence[str]) -> Mapping[str, Sequence[Review]]:
    """Their reviews, the newest last."""
    found: dict[str, list[Review]] = {}
    query = select(Review).where(Review.person_id.in_(people)).order_by(Review.since, Review.id)
    for review in session.scalars(query):
        found.setdefault(review.person_id, []).append(review)
    return found


def people_named(session: Session, people: Sequence[str]) -> Mapping[str, Person]:
    """Their files."""
    return {person.id: person for person in session.scalars(select(Person).where(Person.id.in_(people)))}


def today(session: Session, now: int) -> date:
    """The day it is where the gateway's first site is: for what has no place of its own."""
    zone = session.scalar(select(Site.zone).order_by(Site.created_at, Site.id).limit(1))
    return local_day(zone or "UTC", now)
