"""Chosen, legal and former names are one file: any of them finds it; the chosen one is shown."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.db import new_id
from gateway.errors import InvalidError, NotFoundError
from gateway.people.models import OtherName
from gateway.people.service import checked_name, open_person, person_of

KINDS = ("legal", "former", "other")


def add_name(session: Session, person_id: str, *, kind: str, name: str, actor: str, now: int) -> OtherName:
    """Another name of the same person. Raises as open_person, InvalidError (`kind`, `name`)."""
    person = open_person(session, person_id)
    if kind not in KINDS:
        raise InvalidError("kind", f"unknown kind of name {kind[:20]!r}; known: {', '.join(KINDS)}")
    added = OtherName(id=new_id(now), person_id=person.id, kind=kind, name=checked_name(name), added_at=now)
    session.add(added)
    session.flush()
    audit.record(session, actor=actor, action="name_added", subject=person.id, now=now, kind=kind)
    return added


def remove_name(session: Session, person_id: str, name_id: str, *, actor: str, now: int) -> None:
    """It finds the file no more. Raises NotFoundError with code `name`."""
    found = session.get(OtherName, name_id)
    if found is None or found.person_id != person_id:
        raise NotFoundError("name", "no such name in this file")
    session.delete(found)
    session.flush()
    audit.record(session, actor=actor, action="name_removed", subject=person_id, now=now, kind=found.kind)


def names_in(session: Session, person_id: str) -> Sequence[OtherName]:
    """The other names of a file, oldest first. Raises NotFoundError with code `person`."""
    person_of(session, person_id)
    return session.scalars(select(OtherName).where(OtherName.person_id == person_id).order_by(OtherName.id)).all()
