"""Whom to look for: each person's standing today, and the lists "to see", "no news since" and "without a worker".

Read from contacts, contracts, absences and reviews each time. Nothing here is stored, and nothing here changes
what a badge opens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from gateway.care import repository
from gateway.care.cadence import Call, Due, Marks, Rhythm, judge
from gateway.care.contacts import last_contacts
from gateway.care.looking_after import cadences_of, workers_of
from gateway.care.models import Cadence, Review
from gateway.care.repository import Stay
from gateway.contracts.models import Holding, Party
from gateway.days import local_day
from gateway.errors import NotFoundError
from gateway.lockers.models import Bank, Locker, Site
from gateway.people.models import Person
from gateway.staff.service import staff_of

_PRESSING = (Call.REVIEW, Call.MISSED, Call.TO_SEE, Call.NOTHING, Call.AWAY)


@dataclass(frozen=True)
class Standing:
    """One person today. `last_used`: the day they last opened a locker of theirs, a sign of life; never a trail.

    `worker_id` is None where no one looks after them. `every_days` is the cadence that holds.
    """

    person: Person
    contract_id: str
    worker_id: str | None
    every_days: int | None
    last_contact: date | None
    last_used: date | None
    due: Due


@dataclass(frozen=True)
class _Known:
    contacts: Callable[[str], int | None]
    cadence: Callable[[str], Cadence | None]
    back: Callable[[str], int | None]
    reviews: Callable[[str], Sequence[Review]]
    away: frozenset[str]


def of_person(session: Session, person_id: str, *, now: int) -> Standing | None:
    """One person's standing; None without a contract in force."""
    return next(iter(_standings(session, now, Party.person_id == person_id)), None)


def of_worker(session: Session, staff_id: str, *, organisation_id: str | None = None, now: int) -> Sequence[Standing]:
    """The people this member of staff looks after, standing in for others on leave included; due first.

    With an organisation only its own people, here and below.

    Raises NotFoundError with code `staff`.
    """
    staff_of(session, staff_id)
    staff = [staff_id, *repository.stood_in_for(session, staff_id, repository.today(session, now))]
    return _standings(session, now, repository.looked_after_by(staff), *_of(organisation_id))


def of_site(session: Session, site_id: str, *, organisation_id: str | None = None, now: int) -> Sequence[Standing]:
    """Everyone with a locker at the site; due first. Raises NotFoundError with code `site`."""
    if session.get(Site, site_id) is None:
        raise NotFoundError("site", "no such site")
    here = Holding.locker.has(Locker.bank.has(Bank.site_id == site_id))
    return _standings(session, now, here, *_of(organisation_id))


def without_worker(session: Session, organisation_id: str | None, *, now: int) -> Sequence[Standing]:
    """People on a contract whom nobody looks after, of one organisation or of all; due first."""
    return _standings(session, now, repository.without_worker(), *_of(organisation_id))


def to_see(standings: Sequence[Standing]) -> Sequence[Standing]:
    """Those who are to be seen today, or were to be."""
    return [one for one in standings if one.due.call in (Call.REVIEW, Call.MISSED, Call.TO_SEE)]


def no_news(standings: Sequence[Standing]) -> Sequence[Standing]:
    """Those without any contact for longer than usual, the longest first."""
    silent = [one for one in standings if one.due.long_silent]
    return sorted(silent, key=lambda one: -one.due.no_news)


def _of(organisation_id: str | None) -> Sequence[ColumnElement[bool]]:
    return [] if organisation_id is None else [Person.organisation_id == organisation_id]


def _standings(session: Session, now: int, *narrowed: ColumnElement[bool]) -> Sequence[Standing]:
    by_person: dict[str, list[Stay]] = {}
    for stay in repository.stays(session, now, *narrowed):
        by_person.setdefault(stay.person_id, []).append(stay)
    people = sorted(by_person)
    files, workers = repository.people_named(session, people), workers_of(session, people)
    reviews = repository.reviews(session, people)
    known = _Known(
        contacts=last_contacts(session, people, now).get,
        cadence=cadences_of(session, people).get,
        back=repository.back_since(session, people).get,
        reviews=lambda person_id: reviews.get(person_id, ()),
        away=repository.away(session, people),
    )
    found = [_standing(files[one], workers.get(one), by_person[one], known, now) for one in people]
    return sorted(found, key=_pressing)


def _pressing(one: Standing) -> tuple[int, date, int, str]:
    return _PRESSING.index(one.due.call), one.due.due_on or date.max, -one.due.no_news, one.person.id


def _standing(person: Person, worker_id: str | None, stays: Sequence[Stay], known: _Known, now: int) -> Standing:
    # Someone with several contracts is seen as often as the most frequent of them asks.
    stay = min(stays, key=lambda one: (one.terms.contact_days or 10_000, one.since))
    cadence, last = known.cadence(person.id), known.contacts(person.id)
    every_days = cadence.days if cadence else stay.terms.contact_days
    rhythm = Rhythm(
        every_days, stay.terms.warn_after, stay.terms.review_after, stay.terms.no_news_days, stay.terms.calendar
    )
    used = max((one.last_used for one in stays if one.last_used), default=None)
    return Standing(
        person=person,
        contract_id=stay.contract_id,
        worker_id=worker_id,
        every_days=every_days,
        last_contact=local_day(stay.zone, last) if last else None,
        last_used=local_day(stay.zone, used) if used else None,
        due=judge(rhythm, _marks(person.id, stays, known), local_day(stay.zone, now)),
    )


def _marks(person_id: str, stays: Sequence[Stay], known: _Known) -> Marks:
    zone, begun = stays[0].zone, min(stay.since for stay in stays)
    cadence, last, back = known.cadence(person_id), known.contacts(person_id), known.back(person_id)
    anew = max((at for at in (back, cadence.from_at if cadence else None) if at), default=None)
    made = known.reviews(person_id)
    # What was decided before is about a contract that is over.
    decided = [one for one in made if one.decided_at is not None and one.decided_at >= begun]
    newest = max(decided, key=lambda one: one.decided_at or 0, default=None)
    return Marks(
        start=local_day(zone, begun),
        contact=local_day(zone, last) if last else None,
        anew=local_day(zone, anew) if anew else None,
        reviewed=local_day(zone, newest.decided_at) if newest and newest.decided_at else None,
        again_on=newest.next_on if newest else None,
        asked=any(one.decided_at is None for one in made),
        away=person_id in known.away,
    )
