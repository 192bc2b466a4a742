"""Contacts: logged in seconds, listed newest first, withdrawn when written by mistake."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care import files
from gateway.care.codes import ContactKind, Place
from gateway.care.models import Contact
from gateway.db import new_id
from gateway.errors import NotFoundError
from gateway.paging import PAGE_SIZE, Page, page_of


def log_contact(
    session: Session,
    person_id: str,
    *,
    kind: ContactKind,
    place: Place = Place.UNKNOWN,
    note: str | None = None,
    at: int | None = None,
    actor: str,
    now: int,
) -> Contact:
    """One more contact, now or at an earlier instant `at`.

    Raises NotFoundError (`person`), InvalidError (`note`, `at`), ConflictError (`erased`).
    """
    files.open_file(session, person_id)
    contact = Contact(
        id=new_id(now),
        person_id=person_id,
        at=files.happened(at, now),
        kind=kind.value,
        place=place.value,
        note=files.note(note),
        recorded_by=actor,
        recorded_at=now,
    )
    session.add(contact)
    session.flush()
    audit.record(
        session, actor=actor, action="contact_logged", subject=person_id, now=now, contact=contact.id, kind=kind.value
    )
    return contact


def withdraw_contact(session: Session, contact_id: str, *, actor: str, now: int) -> Contact:
    """It was written by mistake and counts no more; withdrawing again changes nothing. Raises NotFoundError."""
    contact = session.get(Contact, contact_id)
    if contact is None:
        raise NotFoundError("contact", "no such contact")
    if contact.withdrawn_at is None:
        contact.withdrawn_at, contact.withdrawn_by = now, actor
        session.flush()
        audit.record(
            session, actor=actor, action="contact_withdrawn", subject=contact.person_id, now=now, contact=contact.id
        )
    return contact


def list_contacts(
    session: Session, person_id: str, *, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[Contact]:
    """Those that count, in the order of their writing."""
    query = select(Contact).where(Contact.person_id == person_id, Contact.withdrawn_at.is_(None))
    return page_of(session, query, Contact.id, after=after, limit=limit)


def latest_contacts(session: Session, person_id: str, limit: int = 5) -> Sequence[Contact]:
    """The newest first, tries without an answer among them."""
    return session.scalars(
        select(Contact)
        .where(Contact.person_id == person_id, Contact.withdrawn_at.is_(None))
        .order_by(Contact.at.desc())
        .limit(limit)
    ).all()


def last_contacts(session: Session, people: Sequence[str], at: int) -> Mapping[str, int]:
    """When each of these people was last in contact, as of `at`; a try without an answer is none."""
    query = (
        select(Contact.person_id, func.max(Contact.at))
        .where(
            Contact.person_id.in_(people),
            Contact.at <= at,
            Contact.withdrawn_at.is_(None),
            Contact.kind != ContactKind.LOOKED_FOR.value,
        )
        .group_by(Contact.person_id)
    )
    return {person_id: last for person_id, last in session.execute(query)}
