"""Under which scheme a contract is made: what the hand-over offers, with the last day and the conditions of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.contracts import entry_form
from gateway.contracts.entry_form import Asked, asked
from gateway.days import term_end
from gateway.errors import InvalidError
from gateway.lockers.models import Organisation
from gateway.schemes.codes import Service
from gateway.schemes.models import Scheme
from gateway.schemes.service import open_scheme
from gateway.schemes.words import scheme_name
from gateway.web.forms import Form
from gateway.web.visit import Member


@dataclass(frozen=True)
class Choice:
    """One scheme on the form; `organisation` is empty where all that can be chosen are of one."""

    id: str
    name: str
    organisation: str
    months: int
    last_on: date
    conditions: list[Asked]


def schemes_of(session: Session, organisation_id: str | None) -> Sequence[Scheme]:
    """Those of the organisation (of all, if None) that take new contracts for lockers, by name."""
    query = select(Scheme).where(Scheme.closed_at.is_(None), Scheme.service != Service.TOOLS).order_by(Scheme.name)
    if organisation_id is not None:
        query = query.where(Scheme.organisation_id == organisation_id)
    return session.scalars(query).all()


def choices(visit: Member, session: Session, organisation_id: str | None, first: date) -> list[Choice]:
    """What can be chosen, each with the last day of a contract that begins on `first`."""
    found = schemes_of(session, organisation_id)
    several = len({one.organisation_id for one in found}) > 1
    return [
        Choice(
            one.id, scheme_name(one.name, visit.say),
            session.get_one(Organisation, one.organisation_id).name if several else "",
            one.terms.term_months, term_end(first, one.terms.term_months), asked(visit, one.id, one.terms.conditions),
        )
        for one in found
    ]  # fmt: skip


def require_choice(session: Session, form: Form, organisation_id: str) -> str | None:
    """The scheme that was chosen; None where nobody had to. Raises InvalidError with code `scheme_unchosen`."""
    if not form.get("scheme") and len(schemes_of(session, organisation_id)) > 1:
        raise InvalidError("scheme_unchosen", "more than one scheme could be meant: choose one")
    return form.get("scheme") or None


def last_day(session: Session, scheme_id: str | None, first: date) -> date:
    """The last day of a contract under the scheme.

    Raises InvalidError (`date`) where there is no scheme to say it, NotFoundError (`scheme`), ConflictError
    (`scheme_closed`).
    """
    if scheme_id is None:
        raise InvalidError("date", "say the last day")
    return term_end(first, open_scheme(session, scheme_id).terms.term_months)


def decide_conditions(session: Session, form: Form, person_id: str, *, actor: str, now: int) -> None:
    """What was said of the chosen scheme's conditions is recorded; saying nothing decides nothing."""
    scheme_id = form.get("scheme")
    if scheme_id:
        entry_form.decide(session, form, scheme_id, person_id, scheme_id, actor=actor, now=now)
