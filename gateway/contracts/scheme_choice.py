"""Under which scheme a contract is made: what the hand-over offers, with the last day and the conditions of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.care import eligibility
from gateway.care.codes import Finding
from gateway.care.eligibility import Found
from gateway.days import term_end
from gateway.errors import InvalidError
from gateway.lockers.models import Organisation
from gateway.schemes.codes import Service
from gateway.schemes.models import Scheme
from gateway.schemes.service import open_scheme
from gateway.schemes.words import EXCEPTIONS, scheme_name
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member

_CONDITION, _MET = "condition-", "met"


@dataclass(frozen=True)
class Asked:
    """One condition of a scheme on the form: the field, what is asked, the answers."""

    name: str
    text: str
    answers: list[tuple[str, str]]


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
            one.terms.term_months, term_end(first, one.terms.term_months), _conditions(visit, one),
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
    found = _found(form.values, _prefix(form.get("scheme")))
    if found and form.get("scheme"):
        eligibility.decide(session, person_id, form.get("scheme"), found, eligible=True, actor=actor, now=now)


def _found(values: Mapping[str, str], prefix: str) -> dict[str, Found]:
    said = {name.removeprefix(prefix): value for name, value in values.items() if value and name.startswith(prefix)}
    return {
        code: Found(Finding.MET) if value == _MET else Found(Finding.EXCEPTION, value) for code, value in said.items()
    }


def _prefix(scheme_id: str) -> str:
    """What the fields of one scheme's conditions begin with: two schemes may ask the same."""
    return f"{_CONDITION}{scheme_id}-"


def _conditions(visit: Member, scheme: Scheme) -> list[Asked]:
    """What the scheme asks: met, or without it for one of the reasons it allows."""
    return [
        Asked(
            f"{_prefix(scheme.id)}{one.code}",
            str(getattr(one.text, visit.language)),
            [(_MET, visit.say(N_("Yes")))]
            + [(code, visit.say(N_("No, but: %(reason)s"), reason=_exception(visit, code))) for code in one.exceptions],
        )
        for one in scheme.terms.conditions
    ]


def _exception(visit: Member, code: str) -> str:
    return visit.say(EXCEPTIONS[code]) if code in EXCEPTIONS else code.replace("_", " ")
