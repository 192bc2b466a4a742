"""Handing over: person, locker, badge and dates in one form and one unit of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.badges.pages import give_badge, stock
from gateway.contracts import service
from gateway.days import local_day, term_end
from gateway.lockers.free import free_lockers
from gateway.lockers.service import locker_of
from gateway.people.models import Person
from gateway.people.service import add_person
from gateway.schemes.models import Scheme
from gateway.staff.rights import Right
from gateway.staff.scope import require_own
from gateway.web.formats import alphabetical
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import DEFAULT_ZONE, Member, MemberVisit, PostedForm

router = APIRouter()
Choice = Annotated[str, Query(max_length=80)]


@dataclass(frozen=True)
class _Terms:
    bank: str
    number: int
    starts_on: date
    ends_on: date


@router.get("/handover")
def handover_page(visit: MemberVisit, person: Choice = "", locker: Choice = "") -> Response:
    """The form, with person or locker chosen already when it is reached from their page."""
    with visit.database.reading() as session:
        sites = free_lockers(session, visit.now, organisation_id=visit.organisation_id)
        today = local_day(sites[0].bank.site.zone if sites else DEFAULT_ZONE, visit.now)
        first = next(iter(_schemes(session, visit)), None)
        ends_on = term_end(today, first.terms.term_months if first else 12)
        form = Form(
            {
                "person": person, "locker": locker, "scheme": first.id if first else "",
                "starts_on": today.isoformat(), "ends_on": ends_on.isoformat(),
            }
        )  # fmt: skip
        return _form(visit, session, form)


@router.post("/handover")
def hand_over(posted: PostedForm) -> Response:
    """Makes the person's file if needed, the contract, and gives the badge; then shows the person."""
    form, visit = posted.form, posted.visit
    terms = _Terms(*form.locker("locker"), form.day("starts_on"), form.day("ends_on"))
    if not form.get("person") and not form.get("new_name").strip():
        form.error("person", N_("Choose someone, or type a new name below."))
    elif form.get("person") and form.get("new_name").strip():
        form.error("new_name", N_("Choose someone or type a new name, not both."))

    def act(session: Session, now: int) -> str:
        site, chosen = locker_of(session, terms.bank, terms.number).bank.site, form.get("person")
        named = {"bank": terms.bank, **({"person_id": chosen} if chosen else {})}
        require_own(session, visit.organisation_id, named, right=Right.CONTRACTS, changing=True, now=now)
        person_id = chosen or _new_person(session, visit, form, visit.organisation_id or site.organisation_id, now)
        badge_id = give_badge(session, visit, form, person_id, site.id, now)
        service.assign(
            session, person_id=person_id, bank_id=terms.bank, number=terms.number, starts_on=terms.starts_on,
            ends_on=terms.ends_on, badge_id=badge_id, scheme_id=form.get("scheme") or None,
            actor=visit.staff.staff_id, now=now,
        )  # fmt: skip
        return f"/people/{person_id}?done=handed_over"

    return posted.act(act, lambda session, again: _form(visit, session, again, 422))


def _new_person(session: Session, visit: Member, form: Form, organisation_id: str, now: int) -> str:
    return add_person(
        session, organisation_id=organisation_id, name=form.get("new_name").strip(), language=visit.language,
        actor=visit.staff.staff_id, now=now,
    ).id  # fmt: skip


def _form(visit: Member, session: Session, form: Form, status: int = 200) -> Response:
    query = select(Person)
    if visit.organisation_id is not None:
        query = query.where(Person.organisation_id == visit.organisation_id)
    people = sorted(session.scalars(query), key=lambda person: alphabetical(person.name))
    chosen = next((person.name for person in people if person.id == form.get("person")), "")
    return visit.page(
        "contracts/handover.html",
        area="handover",
        status=status,
        form=form,
        person_name=chosen,
        people=[(person.id, person.name) for person in people],
        lockers=[
            (f"{one.bank_id}/{one.number}", f"{one.bank.site.name}, {one.bank.name}, {one.number}")
            for one in free_lockers(session, visit.now, organisation_id=visit.organisation_id)
        ],
        badges=[(badge.id, badge.label) for badge in stock(session)],
        schemes=[(scheme.id, scheme.name) for scheme in _schemes(session, visit)],
    )


def _schemes(session: Session, visit: Member) -> Sequence[Scheme]:
    """Those that take new contracts, by name."""
    query = select(Scheme).where(Scheme.closed_at.is_(None)).order_by(Scheme.name)
    if visit.organisation_id is not None:
        query = query.where(Scheme.organisation_id == visit.organisation_id)
    return session.scalars(query).all()
