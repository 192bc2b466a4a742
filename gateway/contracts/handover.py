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
from gateway.care import eligibility, waiting
from gateway.care.codes import Finding
from gateway.care.eligibility import Found
from gateway.care.waiting_models import WaitingEntry
from gateway.contracts import service, words
from gateway.days import local_day, term_end
from gateway.incidents import exclusions
from gateway.lockers.free import free_lockers
from gateway.lockers.models import Bank, Locker
from gateway.lockers.service import locker_of
from gateway.people.models import Person
from gateway.people.service import add_person
from gateway.schemes.codes import Service
from gateway.schemes.models import Scheme
from gateway.schemes.words import EXCEPTIONS, scheme_name
from gateway.staff.rights import Right
from gateway.staff.scope import require_own
from gateway.web.formats import alphabetical
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import DEFAULT_ZONE, Member, MemberVisit, PostedForm
from wire.limits import MAX_INSTANT

router = APIRouter()
_CONDITION, _MET = "condition-", "met"
Choice = Annotated[str, Query(max_length=80)]


@dataclass(frozen=True)
class _Terms:
    bank: str
    number: int
    starts_on: date
    ends_on: date


@dataclass(frozen=True)
class Asked:
    """One condition of the scheme on the form: the field, what is asked, the answers."""

    name: str
    text: str
    answers: list[tuple[str, str]]


@router.get("/handover")
def handover_page(visit: MemberVisit, person: Choice = "", locker: Choice = "", entry: Choice = "") -> Response:
    """The form, with person or locker chosen already when it is reached from their page, or from the waiting list."""
    with visit.database.reading() as session:
        if entry:
            return _form(visit, session, _for_entry(session, waiting.entry_of(session, entry), visit.now))
        sites = free_lockers(session, visit.now, organisation_id=visit.organisation_id)
        today = local_day(sites[0].bank.site.zone if sites else DEFAULT_ZONE, visit.now)
        chosen = session.get(Person, person)
        theirs = _schemes(session, chosen.organisation_id if chosen else visit.organisation_id)
        # Whoever runs the gateway, and has chosen nobody yet, chooses between organisations too.
        first = theirs[0] if len({one.organisation_id for one in theirs}) == 1 else None
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
        _decide_conditions(session, visit, form, person_id, now)
        contract = service.assign(
            session, person_id=person_id, bank_id=terms.bank, number=terms.number, starts_on=terms.starts_on,
            ends_on=terms.ends_on, badge_id=badge_id, scheme_id=form.get("scheme") or None,
            despite_exclusion=form.get("despite_exclusion") or None, actor=visit.staff.staff_id, now=now,
        )  # fmt: skip
        if form.get("entry"):
            waiting.place(session, form.get("entry"), contract.id, actor=visit.staff.staff_id, now=now)
        return f"/people/{person_id}?done=handed_over"

    return posted.act(act, lambda session, again: _form(visit, session, again, 422))


def _for_entry(session: Session, entry: WaitingEntry, now: int) -> Form:
    """The form for someone who waits: their scheme with its term, and the locker that was offered, if any."""
    scheme, offer = session.get_one(Scheme, entry.scheme_id), waiting.open_offer(entry)
    offered = session.get(Locker, offer.locker_id or "") if offer else None
    today = local_day(offered.bank.site.zone if offered else DEFAULT_ZONE, now)
    return Form(
        {
            "entry": entry.id, "person": entry.person_id, "scheme": scheme.id, "starts_on": today.isoformat(),
            "locker": f"{offered.bank_id}/{offered.number}" if offered else "",
            "ends_on": term_end(today, scheme.terms.term_months).isoformat(),
        }
    )  # fmt: skip


def _decide_conditions(session: Session, visit: Member, form: Form, person_id: str, now: int) -> None:
    """What was said of the scheme's conditions is recorded before the contract; saying nothing decides nothing."""
    said = {name.removeprefix(_CONDITION): value for name, value in form.values.items() if name.startswith(_CONDITION)}
    found = {
        code: Found(Finding.MET) if value == _MET else Found(Finding.EXCEPTION, value)
        for code, value in said.items()
        if value
    }
    if found and form.get("scheme"):
        eligibility.decide(
            session, person_id, form.get("scheme"), found, eligible=True, actor=visit.staff.staff_id, now=now
        )


def _conditions(visit: Member, session: Session, form: Form) -> list[Asked]:
    """Those of the chosen scheme: met, or without it for one of the reasons it allows."""
    scheme = session.get(Scheme, form.get("scheme")) if form.get("scheme") else None
    return [
        Asked(
            f"{_CONDITION}{one.code}",
            str(getattr(one.text, visit.language)),
            [(_MET, visit.say(N_("Yes")))]
            + [(code, visit.say(N_("No, but: %(reason)s"), reason=_exception(visit, code))) for code in one.exceptions],
        )
        for one in (scheme.terms.conditions if scheme else ())
    ]


def _exception(visit: Member, code: str) -> str:
    return visit.say(EXCEPTIONS[code]) if code in EXCEPTIONS else code.replace("_", " ")


def _is_excluded(session: Session, form: Form, now: int) -> bool:
    """Whether the chosen person is excluded where the chosen locker is, now or later."""
    bank = session.get(Bank, form.get("locker").partition("/")[0])
    if bank is None or not form.get("person"):
        return False
    found = exclusions.hindering(session, form.get("person"), site_id=bank.site_id, from_at=now, until_at=MAX_INSTANT)
    return found is not None


def _new_person(session: Session, visit: Member, form: Form, organisation_id: str, now: int) -> str:
    return add_person(
        session, organisation_id=organisation_id, name=form.get("new_name").strip(), language=visit.language,
        actor=visit.staff.staff_id, now=now,
    ).id  # fmt: skip


def _form(visit: Member, session: Session, form: Form, status: int = 200) -> Response:
    query = select(Person).where(Person.erased_at.is_(None))
    if visit.organisation_id is not None:
        query = query.where(Person.organisation_id == visit.organisation_id)
    people = sorted(session.scalars(query), key=lambda person: alphabetical(person.name))
    chosen = next((person for person in people if person.id == form.get("person")), None)
    organisation_id = chosen.organisation_id if chosen else visit.organisation_id
    free = free_lockers(session, visit.now, organisation_id=visit.organisation_id)
    return visit.page(
        "contracts/handover.html",
        area="handover",
        status=status,
        form=form,
        person_name=chosen.name if chosen else "",
        people=[(person.id, person.name) for person in people],
        lockers=[
            (f"{one.bank_id}/{one.number}", f"{one.bank.site.name}, {one.bank.name}, {one.number}") for one in free
        ],
        badges=_badges(session, form, free),
        schemes=[(one.id, scheme_name(one.name, visit.say)) for one in _schemes(session, organisation_id)],
        conditions=_conditions(visit, session, form),
        despite=[(code, visit.say(text)) for code, text in words.DESPITE.items()]
        if _is_excluded(session, form, visit.now)
        else [],
    )


def _badges(session: Session, form: Form, free: Sequence[Locker]) -> list[tuple[str, str]]:
    """Those in stock where the chosen locker is; before one is chosen where any is free, told apart by their places."""
    bank = session.get(Bank, form.get("locker").partition("/")[0])
    sites = [bank.site] if bank else sorted({one.bank.site for one in free}, key=lambda site: alphabetical(site.name))
    if len(sites) == 1:
        return [(badge.id, badge.label) for badge in stock(session, sites[0].id)]
    return [(badge.id, f"{site.name}, {badge.label}") for site in sites for badge in stock(session, site.id)]


def _schemes(session: Session, organisation_id: str | None) -> Sequence[Scheme]:
    """Those of the organisation (of all, if None) that take new contracts for lockers, by name."""
    query = select(Scheme).where(Scheme.closed_at.is_(None), Scheme.service != Service.TOOLS).order_by(Scheme.name)
    if organisation_id is not None:
        query = query.where(Scheme.organisation_id == organisation_id)
    return session.scalars(query).all()
