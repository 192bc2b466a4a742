"""Schemes: finding them, making them, changing their terms for new contracts, copying and closing them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.db import new_id
from gateway.errors import ConflictError, NotFoundError
from gateway.lockers.models import Organisation
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.people.service import checked_name
from gateway.schemes.codes import Service
from gateway.schemes.models import Scheme
from gateway.schemes.templates import TEMPLATES
from gateway.schemes.terms import Terms

DEFAULT_NAME = "lockers"


def scheme_of(session: Session, scheme_id: str) -> Scheme:
    """Raises NotFoundError with code `scheme`."""
    scheme = session.get(Scheme, scheme_id)
    if scheme is None:
        raise NotFoundError("scheme", "no such scheme")
    return scheme


def open_scheme(session: Session, scheme_id: str) -> Scheme:
    """A scheme that takes new contracts. Raises NotFoundError (`scheme`), ConflictError (`scheme_closed`)."""
    scheme = scheme_of(session, scheme_id)
    if scheme.closed_at is not None:
        raise ConflictError("scheme_closed", f"the scheme {scheme.name!r} takes no new contracts: choose another")
    return scheme


def scheme_named(
    session: Session, organisation_id: str, name: str = DEFAULT_NAME, *, actor: str = "gateway", now: int
) -> Scheme:
    """The organisation's scheme of that name, made as solidarity lockers if absent. Raises InvalidError (`name`)."""
    found = _named(session, organisation_id, checked_name(name))
    return found or add_scheme(
        session, organisation_id=organisation_id, service=Service.LOCKERS, name=name, actor=actor, now=now
    )


def list_schemes(
    session: Session, *, organisation_id: str | None = None, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[Scheme]:
    """Schemes in the order of their making, of one organisation or of all (to copy from)."""
    query = select(Scheme)
    if organisation_id is not None:
        query = query.where(Scheme.organisation_id == organisation_id)
    return page_of(session, query, Scheme.id, after=after, limit=limit)


def add_scheme(
    session: Session,
    *,
    organisation_id: str,
    service: Service,
    name: str,
    terms: Terms | None = None,
    copied_from: str | None = None,
    actor: str,
    now: int,
) -> Scheme:
    """A new scheme, with the terms of the template of its service if none are given.

    Raises NotFoundError (`organisation`), InvalidError (`name`), ConflictError (`scheme_name`).
    """
    if session.get(Organisation, organisation_id) is None:
        raise NotFoundError("organisation", "no such organisation")
    scheme = Scheme(
        id=new_id(now), organisation_id=organisation_id, name=checked_name(name), service=service.value,
        terms=terms or TEMPLATES[service].terms, copied_from=copied_from, created_at=now,
    )  # fmt: skip
    _refuse_same_name(session, scheme)
    session.add(scheme)
    session.flush()
    audit.record(
        session, actor=actor, action="scheme_added", subject=scheme.id, now=now, service=service.value,
        copied_from=copied_from,
    )  # fmt: skip
    return scheme


def copy_scheme(
    session: Session, scheme_id: str, *, organisation_id: str, name: str | None = None, actor: str, now: int
) -> Scheme:
    """The same service and terms for another organisation, which may then change its own.

    Raises NotFoundError (`scheme`, `organisation`), InvalidError (`name`), ConflictError (`scheme_name`).
    """
    source = scheme_of(session, scheme_id)
    return add_scheme(
        session,
        organisation_id=organisation_id,
        service=Service(source.service),
        name=name or source.name,
        terms=source.terms,
        copied_from=source.id,
        actor=actor,
        now=now,
    )


def change_terms(session: Session, scheme_id: str, terms: Terms, *, actor: str, now: int) -> Scheme:
    """New contracts are made under `terms`; those there are keep what was signed. Raises NotFoundError (`scheme`)."""
    scheme = scheme_of(session, scheme_id)
    changed = [name for name in Terms.model_fields if getattr(terms, name) != getattr(scheme.terms, name)]
    if changed:
        scheme.terms = terms
        audit.record(session, actor=actor, action="scheme_changed", subject=scheme.id, now=now, terms=changed)
    return scheme


def close_scheme(session: Session, scheme_id: str, *, actor: str, now: int) -> Scheme:
    """No new contracts; those there are go on. Closing what is closed changes nothing. Raises NotFoundError."""
    scheme = scheme_of(session, scheme_id)
    if scheme.closed_at is None:
        scheme.closed_at = now
        audit.record(session, actor=actor, action="scheme_closed", subject=scheme.id, now=now)
    return scheme


def _named(session: Session, organisation_id: str, name: str) -> Scheme | None:
    return session.scalar(select(Scheme).where(Scheme.organisation_id == organisation_id, Scheme.name == name))


def _refuse_same_name(session: Session, scheme: Scheme) -> None:
    if _named(session, scheme.organisation_id, scheme.name) is not None:
        raise ConflictError("scheme_name", f"this organisation has a scheme {scheme.name!r} already: give another name")
