"""Incidents: what happened, whom it concerned, and what became of it. Nothing follows from one by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care.files import happened, note, open_file
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.incidents.codes import IncidentKind, Outcome, Part
from gateway.incidents.models import Incident, IncidentPerson
from gateway.incidents.visibility import at_sites, site_of
from gateway.lockers.models import Locker
from gateway.paging import PAGE_SIZE, Page, page_of


@dataclass(frozen=True)
class Concerned:
    """How one person was concerned, and what is said of them alone."""

    part: Part
    note: str | None = None


def report(
    session: Session,
    *,
    site_id: str,
    kind: IncidentKind,
    at: int | None = None,
    locker_id: str | None = None,
    people: Mapping[str, Concerned] | None = None,
    text: str | None = None,
    actor: str,
    now: int,
) -> Incident:
    """Writes down what happened at `at` (now, if None) and how it concerned each of the `people`.

    Raises NotFoundError (`site`, `locker`, `person`), InvalidError (`at`, `note`, `locker`), ConflictError (`erased`).
    """
    site_of(session, site_id, actor=actor)
    if locker_id is not None:
        _refuse_elsewhere(session, locker_id, site_id)
    incident = Incident(
        id=new_id(now), site_id=site_id, locker_id=locker_id, kind=kind.value, at=happened(at, now), note=note(text),
        recorded_by=actor, recorded_at=now,
    )  # fmt: skip
    for person_id, concerned in (people or {}).items():
        open_file(session, person_id)
        row = IncidentPerson(person_id=person_id, part=concerned.part.value, note=note(concerned.note))
        incident.concerned.append(row)
    session.add(incident)
    session.flush()
    audit.record(session, actor=actor, action="incident_reported", subject=incident.id, now=now, kind=kind.value)
    return incident


def add_concerned(
    session: Session, incident_id: str, person_id: str, concerned: Concerned, *, actor: str, now: int
) -> Incident:
    """Someone else was concerned by an incident that is open.

    Raises NotFoundError (`incident`, `person`), InvalidError (`note`), ConflictError (`closed`, `erased`,
    `concerned`).
    """
    incident = _open(session, incident_id, actor)
    open_file(session, person_id)
    if person_id in {one.person_id for one in incident.concerned}:
        raise ConflictError("concerned", "this person is written down already")
    incident.concerned.append(IncidentPerson(person_id=person_id, part=concerned.part.value, note=note(concerned.note)))
    session.flush()
    audit.record(
        session, actor=actor, action="incident_person_added", subject=person_id, now=now, incident=incident.id,
        part=concerned.part.value,
    )  # fmt: skip
    return incident


def close(session: Session, incident_id: str, *, outcome: Outcome, actor: str, now: int) -> Incident:
    """Says what became of it; suspending or excluding someone is a decision of its own.

    Raises NotFoundError (`incident`), ConflictError (`closed`).
    """
    incident = _open(session, incident_id, actor)
    incident.outcome, incident.closed_by, incident.closed_at = outcome.value, actor, now
    session.flush()
    audit.record(session, actor=actor, action="incident_closed", subject=incident.id, now=now, outcome=outcome.value)
    return incident


def incident_of(session: Session, incident_id: str, *, actor: str) -> Incident:
    """Raises NotFoundError with code `incident`, also where `actor` does not see its site."""
    query = select(Incident).where(Incident.id == incident_id, at_sites(session, actor, Incident.site_id))
    incident = session.scalar(query)
    if incident is None:
        raise NotFoundError("incident", "no such incident")
    return incident


def list_incidents(
    session: Session,
    *,
    actor: str,
    site_id: str | None = None,
    person_id: str | None = None,
    kind: str | None = None,
    is_open: bool | None = None,
    after: str | None = None,
    limit: int = PAGE_SIZE,
    newest_first: bool = False,
) -> Page[Incident]:
    """Those of the sites that `actor` sees, in the order in which they were reported, or the newest first."""
    query = select(Incident).where(at_sites(session, actor, Incident.site_id))
    if site_id is not None:
        query = query.where(Incident.site_id == site_id)
    if person_id is not None:
        query = query.where(Incident.concerned.any(IncidentPerson.person_id == person_id))
    if kind is not None:
        query = query.where(Incident.kind == kind)
    if is_open is not None:
        query = query.where(Incident.closed_at.is_(None) if is_open else Incident.closed_at.is_not(None))
    return page_of(session, query, Incident.id, after=after, limit=limit, newest_first=newest_first)


def happened_since(
    session: Session, at: int, *, actor: str, site_id: str | None = None, kind: str | None = None
) -> Sequence[int]:
    """When incidents happened from `at` on, at the sites that `actor` sees."""
    query = select(Incident.at).where(at_sites(session, actor, Incident.site_id), Incident.at >= at)
    if site_id is not None:
        query = query.where(Incident.site_id == site_id)
    if kind is not None:
        query = query.where(Incident.kind == kind)
    return session.scalars(query).all()


def _open(session: Session, incident_id: str, actor: str) -> Incident:
    incident = incident_of(session, incident_id, actor=actor)
    if incident.closed_at is not None:
        raise ConflictError("closed", "this incident was closed already: report a new one if it happened again")
    return incident


def _refuse_elsewhere(session: Session, locker_id: str, site_id: str) -> None:
    locker = session.get(Locker, locker_id)
    if locker is None:
        raise NotFoundError("locker", "no such locker")
    if locker.bank.site_id != site_id:
        raise InvalidError("locker", "this locker is at another site: say at which site it happened")
