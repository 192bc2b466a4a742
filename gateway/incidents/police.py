"""Police requests: logged with their legal basis and their scope, granted or refused by a person."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care.files import note
from gateway.contracts.models import Contract, Holding, Party
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.incidents.codes import Asked, Authority, LegalBasis
from gateway.incidents.request_models import PoliceRequest, PoliceSubject
from gateway.incidents.visibility import at_sites, own_files, site_of
from gateway.lockers.models import Bank, Locker, Site
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.people.service import person_of

MAX_SUBJECTS = 50


def log_request(
    session: Session,
    *,
    site_id: str,
    authority: Authority,
    legal_basis: LegalBasis,
    reference: str,
    officer: str | None = None,
    received_on: date,
    people: Sequence[str],
    scope: Sequence[Asked],
    from_at: int,
    until_at: int,
    text: str | None = None,
    actor: str,
    now: int,
) -> PoliceRequest:
    """Who asks for what about whom, within [from_at, until_at) and up to now at most. Nothing is handed out by this.

    Raises NotFoundError (`site`, `person`), InvalidError (`reference`, `people`, `scope`, `dates`, `note`).
    """
    site = site_of(session, site_id, actor=actor)
    named = note(reference)
    if named is None:
        raise InvalidError("reference", "give the reference on the paper: without one nothing is answered")
    if not 1 <= len(set(people)) <= MAX_SUBJECTS:
        raise InvalidError("people", f"a request names 1 to {MAX_SUBJECTS} people: no one is searched through")
    if not scope:
        raise InvalidError("scope", f"say what is asked for: {', '.join(Asked)}")
    if not from_at < until_at <= now:
        raise InvalidError("dates", "say from when until when, up to now at most: what is to come is not promised")
    request = PoliceRequest(
        id=new_id(now), site_id=site_id, authority=authority.value, legal_basis=legal_basis.value, reference=named,
        officer=note(officer), note=note(text), received_on=received_on, scope=sorted({one.value for one in scope}),
        from_at=from_at, until_at=until_at, recorded_by=actor, recorded_at=now,
    )  # fmt: skip
    request.subjects = [PoliceSubject(person_id=_known_here(session, one, site)) for one in sorted(set(people))]
    session.add(request)
    session.flush()
    _audit(session, "police_request_logged", request, actor, now)
    return request


def decide(
    session: Session, request_id: str, *, granted: bool, text: str | None = None, actor: str, now: int
) -> PoliceRequest:
    """Granted or refused, once; without a legal basis it can only be refused.

    Raises NotFoundError (`police_request`), InvalidError (`note`), ConflictError (`decided`, `no_legal_basis`).
    """
    request = request_of(session, request_id, actor=actor)
    if request.decided_at is not None:
        raise ConflictError("decided", "this request was decided already: log a new one")
    if granted and request.legal_basis == LegalBasis.NONE:
        raise ConflictError("no_legal_basis", "without a legal basis nothing is handed out: ask for it in writing")
    request.granted, request.decision_note, request.decided_by, request.decided_at = granted, note(text), actor, now
    session.flush()
    _audit(session, "police_request_granted" if granted else "police_request_refused", request, actor, now)
    return request


def request_of(session: Session, request_id: str, *, actor: str) -> PoliceRequest:
    """Raises NotFoundError with code `police_request`, also where `actor` does not see its site."""
    query = _seen_by(session, actor).where(PoliceRequest.id == request_id)
    request = session.scalar(query)
    if request is None:
        raise NotFoundError("police_request", "no such request")
    return request


def list_requests(
    session: Session, *, actor: str, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[PoliceRequest]:
    """Those of the sites that `actor` sees, in the order in which they were logged."""
    return page_of(session, _seen_by(session, actor), PoliceRequest.id, after=after, limit=limit)


def _seen_by(session: Session, actor: str) -> Select[PoliceRequest]:
    """At a shared site another organisation's requests are its own."""
    theirs = PoliceRequest.subjects.any(~own_files(session, actor, PoliceSubject.person_id))
    return select(PoliceRequest).where(at_sites(session, actor, PoliceRequest.site_id), ~theirs)


def _known_here(session: Session, person_id: str, site: Site) -> str:
    """Someone in the file of the site's organisation, or with a contract there: nobody else is asked for here."""
    person = person_of(session, person_id)
    here = select(Contract.id).where(
        Contract.id.in_(select(Party.contract_id).where(Party.person_id == person_id)),
        Contract.holdings.any(Holding.locker.has(Locker.bank.has(Bank.site_id == site.id))),
    )
    if person.organisation_id != site.organisation_id and session.scalar(here.limit(1)) is None:
        raise NotFoundError("person", "no such person at this site")
    return person.id


def _audit(session: Session, action: str, request: PoliceRequest, actor: str, now: int) -> None:
    audit.record(
        session, actor=actor, action=action, subject=request.id, now=now, legal_basis=request.legal_basis,
        scope=list(request.scope),
    )  # fmt: skip
