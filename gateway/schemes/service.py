"""Schemes: finding them and making them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.db import new_id
from gateway.errors import NotFoundError
from gateway.people.service import checked_name
from gateway.schemes.codes import Service
from gateway.schemes.models import Scheme
from gateway.schemes.terms import Terms

DEFAULT_NAME = "lockers"


def scheme_of(session: Session, scheme_id: str) -> Scheme:
    """Raises NotFoundError with code `scheme`."""
    scheme = session.get(Scheme, scheme_id)
    if scheme is None:
        raise NotFoundError("scheme", "no such scheme")
    return scheme


def scheme_named(
    session: Session, organisation_id: str, name: str = DEFAULT_NAME, *, terms: Terms | None = None,
    service: Service = Service.LOCKERS, actor: str = "gateway", now: int,
) -> Scheme:  # fmt: skip
    """The organisation's scheme of that name, made with these terms if absent. Raises InvalidError (`name`)."""
    text = checked_name(name)
    found = session.scalar(select(Scheme).where(Scheme.organisation_id == organisation_id, Scheme.name == text))
    if found is None:
        found = Scheme(
            id=new_id(now), organisation_id=organisation_id, name=text, service=service.value,
            terms=terms or Terms(), created_at=now,
        )  # fmt: skip
        session.add(found)
        session.flush()
        audit.record(session, actor=actor, action="scheme_added", subject=found.id, now=now)
    return found
