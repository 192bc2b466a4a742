"""Who may open: a couple on one contract, parting, and the people a holder trusts, each with a dated badge."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.badges.models import Badge
from gateway.badges.pages import dead_first, given, stock
from gateway.contracts import entry_form, parties, trusted
from gateway.contracts.deciding import decide_on, done, seen_in, showing
from gateway.contracts.decisions import refuse_stale
from gateway.contracts.holders import people_on
from gateway.contracts.models import Contract, TrustedPerson
from gateway.contracts.service import contract_of
from gateway.contracts.states import TRANSITIONS, Action, state_at
from gateway.days import local_day
from gateway.errors import NotFoundError
from gateway.people.models import Person
from gateway.web.cards import present_locker
from gateway.web.formats import alphabetical
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member, MemberVisit, PostedForm

router = APIRouter()


@dataclass(frozen=True)
class TrustedRow:
    """Someone trusted, their days, and their live badges: id and printed number."""

    id: str
    name: str
    by: str
    from_on: date
    until_on: date
    badges: Sequence[tuple[str, str]]


def _values(visit: Member, session: Session, contract: Contract, form: Form) -> dict[str, Any]:
    now = visit.clock()
    present = people_on(contract, now)
    names = {one.person_id: one.person.name for one in contract.parties}
    may = {action for state, action in TRANSITIONS if state is state_at(contract, now)}
    thawed = contract.frozen_at is None
    others = _others(session, contract, {one.person_id for one in present})
    joining = [id for id, _name in others if id == form.get("person")]
    return {
        "people": [(one.person_id, one.person.name) for one in present],
        "trusted": [_row(session, one, names) for one in contract.trusted if _holds(one, now)],
        "others": others,
        # A draft's people are asked when it is signed.
        "asks": entry_form.asked(visit, contract.scheme_id, contract.terms.conditions if contract.signed_at else ()),
        "despite": entry_form.despite(visit, session, contract, joining),
        "badges": [(badge.id, badge.label) for badge in stock(session, present_locker(contract, now).bank.site_id)],
        "may_join": thawed and Action.JOIN in may and len(present) < 2,
        "may_part": thawed and Action.PART in may and len(present) > 1,
        "may_trust": thawed and Action.TRUST in may,
    }


show_people = showing("contracts/people.html", _values)


@router.get("/contracts/{contract_id}/people")
def people_page(visit: MemberVisit, contract_id: str) -> Response:
    """Everyone whose badge opens, and the forms that change it."""
    with visit.database.reading() as session:
        contract = contract_of(session, contract_id)
        today = local_day(present_locker(contract, visit.now).bank.site.zone, visit.now)
        form = Form({"from_on": today.isoformat(), "until_on": max(contract.ends_on, today).isoformat()})
        return show_people(visit, session, contract_id, form)


@router.post("/contracts/{contract_id}/join")
def join(posted: PostedForm, contract_id: str) -> Response:
    """A second person: every badge of theirs opens too."""
    form, actor = posted.form, posted.visit.staff.staff_id
    person = form.text("person")

    def act(session: Session, now: int) -> str:
        scheme_id = contract_of(session, contract_id).scheme_id
        entry_form.decide(session, form, scheme_id, person, scheme_id, actor=actor, now=now)
        parties.join(
            session, contract_id, person_id=person, despite_exclusion=form.get("despite_exclusion") or None,
            actor=actor, now=now, seen=seen_in(form),
        )  # fmt: skip
        return f"/contracts/{contract_id}/people?done=joined"

    return decide_on(posted, contract_id, act, show_people)


@router.post("/contracts/{contract_id}/part")
def part(posted: PostedForm, contract_id: str) -> Response:
    """One of two leaves: at once, and the other is not told."""
    form = posted.form

    def act(session: Session, now: int) -> str:
        changed = parties.part(
            session, contract_id, person_id=form.get("person"), actor=posted.visit.staff.staff_id, now=now,
            seen=seen_in(form),
        )  # fmt: skip
        return done(changed, "parted")

    return decide_on(posted, contract_id, act, show_people)


@router.post("/contracts/{contract_id}/trust")
def trust(posted: PostedForm, contract_id: str) -> Response:
    """A holder names someone, for some days, with a badge from stock or without one yet."""
    form = posted.form
    name, first, last = form.text("name"), form.day("from_on"), form.day("until_on")
    if last < first:
        form.error("until_on", N_("The last day is before the first."))

    def act(session: Session, now: int) -> str:
        trusted.trust(
            session, contract_id, person_id=form.get("person") or None, name=name, from_on=first, until_on=last,
            badge_id=form.get("badge") or None, actor=posted.visit.staff.staff_id, now=now, seen=seen_in(form),
        )  # fmt: skip
        return f"/contracts/{contract_id}/people?done=trusted"

    return decide_on(posted, contract_id, act, show_people)


@router.post("/contracts/{contract_id}/trusted-badge")
def give_badge(posted: PostedForm, contract_id: str) -> Response:
    """A badge from stock for someone trusted: the first, or another one; one that it replaces dies first."""
    form, visit = posted.form, posted.visit
    badge, old = form.text("badge_given"), ""
    if form.get("replaces"):
        with visit.database.reading() as session:
            owner = _named(session, contract_id, form).id
        old = dead_first(posted, owner)

    def act(session: Session, now: int) -> str:
        refuse_stale(session, contract_of(session, contract_id), seen_in(form))
        named = _named(session, contract_id, form)
        new = trusted.give_badge(session, named.id, badge_id=badge, actor=visit.staff.staff_id, now=now)
        given(session, visit, form, new.id, old, now)
        return f"/contracts/{contract_id}/people?done=badge_given"

    return decide_on(posted, contract_id, act, show_people)


@router.post("/contracts/{contract_id}/distrust")
def distrust(posted: PostedForm, contract_id: str) -> Response:
    """Their badges are dead at once."""
    form = posted.form

    def act(session: Session, now: int) -> str:
        named = _named(session, contract_id, form)
        trusted.distrust(session, named.id, actor=posted.visit.staff.staff_id, now=now, seen=seen_in(form))
        return f"/contracts/{contract_id}/people?done=distrusted"

    return decide_on(posted, contract_id, act, show_people)


def _named(session: Session, contract_id: str, form: Form) -> TrustedPerson:
    """Whom the form is about. Raises NotFoundError (`trusted`) where it is nobody of this contract's."""
    named = trusted.trusted_of(session, form.get("trusted"))
    if named.contract_id != contract_id:
        raise NotFoundError("trusted", "no such trusted person on this contract")
    return named


def _holds(named: TrustedPerson, now: int) -> bool:
    return named.ended_at is None and named.until_at > now


def _row(session: Session, named: TrustedPerson, names: dict[str, str]) -> TrustedRow:
    query = select(Badge).where(Badge.trusted_id == named.id, Badge.revoked_at.is_(None)).order_by(Badge.label)
    badges = [(one.id, one.label) for one in session.scalars(query)]
    by = names.get(named.person_id, "")
    return TrustedRow(named.id, named.name, by, named.from_on, named.until_on, badges)


def _others(session: Session, contract: Contract, present: set[str]) -> Sequence[tuple[str, str]]:
    """Who may join: people in the files of the same organisation."""
    query = select(Person).where(Person.organisation_id == contract.person.organisation_id, Person.erased_at.is_(None))
    people = [one for one in session.scalars(query) if one.id not in present]
    return [(one.id, one.name) for one in sorted(people, key=lambda person: alphabetical(person.name))]
