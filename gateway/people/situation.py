"""What stands above all else on a person's page: a death, an absence, where they stay away, who looks after them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from gateway.care.looking_after import workers_of
from gateway.care.repository import today
from gateway.care.waiting import entries_of
from gateway.contracts import words
from gateway.contracts.away import absence_of
from gateway.contracts.deaths import death_of
from gateway.incidents.exclusions import warnings
from gateway.incidents.stand_ins import list_leaves
from gateway.people.models import Person
from gateway.schemes.service import scheme_of
from gateway.staff.models import Staff


@dataclass(frozen=True)
class AwayNow:
    """An absence that has not ended; `where` is an English message."""

    id: str
    where: str
    from_on: date
    expected_on: date | None
    note: str
    by: str
    at: int


@dataclass(frozen=True)
class DeathKnown:
    """A death that is written down."""

    id: str
    died_on: date | None
    note: str
    by: str
    at: int


@dataclass(frozen=True)
class StaysAway:
    """An exclusion as anyone may know it: where, until when, whom to ask; `is_here`: at one of the sites asked for."""

    id: str
    is_here: bool
    site: str
    until_on: date
    ask: str


@dataclass(frozen=True)
class Waits:
    """A scheme for which they wait."""

    url: str
    scheme: str
    since: int


@dataclass(frozen=True)
class LookedAfter:
    """The named worker, and who stands in while they are on leave."""

    worker: str
    stand_in: str
    until_on: date | None


def absence_shown(session: Session, person_id: str) -> AwayNow | None:
    """The person's absence, if any."""
    found = absence_of(session, person_id)
    if found is None:
        return None
    where, by = words.ABSENCES.get(found.kind, found.kind), _name(session, found.recorded_by)
    return AwayNow(found.id, where, found.from_on, found.expected_on, found.note or "", by, found.recorded_at)


def death_shown(session: Session, person_id: str) -> DeathKnown | None:
    """The person's death, if it is written down."""
    found = death_of(session, person_id)
    if found is None:
        return None
    return DeathKnown(found.id, found.died_on, found.note or "", _name(session, found.recorded_by), found.recorded_at)


def stays_away(session: Session, person: Person, sites: Collection[str], now: int) -> Sequence[StaysAway]:
    """Exclusions that hold at these sites, and of all others those that safety requires to be known."""
    if person.erased_at is not None:
        return []
    return [
        StaysAway(one.id, one.is_here, one.site, one.until_on, _name(session, one.ask))
        for one in warnings(session, person.id, sites=sites, now=now)
    ]


def waits(session: Session, person_id: str) -> Sequence[Waits]:
    """Where they wait for a place."""
    return [
        Waits(f"/waiting/{one.id}", scheme_of(session, one.scheme_id).name, one.since)
        for one in entries_of(session, person_id)
    ]


def looked_after(session: Session, person_id: str, now: int) -> LookedAfter | None:
    """Who looks after the person today; None where nobody was named."""
    staff_id = workers_of(session, [person_id]).get(person_id)
    if staff_id is None:
        return None
    leaves = list_leaves(session, staff_id=staff_id, day=today(session, now)).items
    away = next((one for one in leaves if one.staff_id == staff_id), None)
    worker = _name(session, staff_id)
    return (
        LookedAfter(worker, _name(session, away.stand_in_id), away.until_on) if away else LookedAfter(worker, "", None)
    )


def _name(session: Session, staff_id: str) -> str:
    staff = session.get(Staff, staff_id)
    return staff.name if staff else staff_id
