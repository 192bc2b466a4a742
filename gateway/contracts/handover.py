"""Handing over: person, locker, badge and dates in one form and one unit of work."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.badges.pages import give_badge, stock
from gateway.care import waiting
from gateway.care.offers import offered_lockers
from gateway.care.waiting_models import WaitingEntry
from gateway.contracts import scheme_choice, service, words
from gateway.days import local_day, term_end
from gateway.errors import ConflictError
from gateway.incidents import exclusions
from gateway.lockers.free import free_lockers
from gateway.lockers.models import Bank, Locker
from gateway.lockers.service import locker_of
from gateway.people import situation
from gateway.people.models import Person
from gateway.people.service import add_person, person_of
from gateway.staff.rights import Right
from gateway.staff.scope import require_own
from gateway.web.formats import alphabetical
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import DEFAULT_ZONE, Member, MemberVisit, PostedForm
from wire.limits import MAX_INSTANT

router = APIRouter()
Choice = Annotated[str, Query(max_length=80)]


@dataclass(frozen=True)
class _Terms:
    bank: str
    number: int
    starts_on: date
    ends_on: date | None


@router.get("/handover")
def handover_page(visit: MemberVisit, person: Choice = "", locker: Choice = "", entry: Choice = "") -> Response:
    """The form, with person or locker chosen already when it is reached from their page, or from the waiting list."""
    with visit.database.reading() as session:
        if entry:
            return _form(visit, session, _for_entry(session, waiting.entry_of(session, entry)))
        return _form(visit, session, Form({"person": person, "locker": locker}))


@router.post("/handover")
def hand_over(posted: PostedForm) -> Response:
    """Makes the person's file if needed, the contract, and gives the badge; then shows the person."""
    form, visit = posted.form, posted.visit
    form.values.setdefault("scheme", "")  # a choice that was not made is not sent
    stated = form.day("ends_on") if form.get("ends_on") else None
    terms = _Terms(*form.locker("locker"), form.day("starts_on"), stated)
    if not form.get("person") and not form.get("new_name").strip():
        form.error("person", N_("Choose someone, or type a new name below."))
    elif form.get("person") and form.get("new_name").strip():
        form.error("new_name", N_("Choose someone or type a new name, not both."))

    def act(session: Session, now: int) -> str:
        site, chosen = locker_of(session, terms.bank, terms.number).bank.site, form.get("person")
        named = {"bank": terms.bank, **({"person_id": chosen} if chosen else {})}
        require_own(session, visit.organisation_id, named, right=Right.CONTRACTS, changing=True, now=now)
        if chosen:
            _require_told(session, form, person_of(session, chosen), site.id, now)
        organisation_id = visit.organisation_id or site.organisation_id
        person = person_of(session, chosen) if chosen else _new_person(session, visit, form, organisation_id, now)
        scheme_id = scheme_choice.require_choice(session, form, person.organisation_id)
        ends_on = terms.ends_on or scheme_choice.last_day(session, scheme_id, terms.starts_on)
        badge_id = give_badge(session, visit, form, person.id, site.id, now)
        scheme_choice.decide_conditions(session, form, person.id, actor=visit.staff.staff_id, now=now)
        contract = service.assign(
            session, person_id=person.id, bank_id=terms.bank, number=terms.number, starts_on=terms.starts_on,
            ends_on=ends_on, badge_id=badge_id, scheme_id=scheme_id,
            despite_exclusion=form.get("despite_exclusion") or None, actor=visit.staff.staff_id, now=now,
        )  # fmt: skip
        if form.get("entry"):
            waiting.place(session, form.get("entry"), contract.id, actor=visit.staff.staff_id, now=now)
        return f"/people/{person.id}?done=handed_over"

    return posted.act(act, lambda session, again: _form(visit, session, again, 422))


def _for_entry(session: Session, entry: WaitingEntry) -> Form:
    """The form for someone who waits: their scheme, and the locker that was offered, if any."""
    offer = waiting.open_offer(entry)
    offered = session.get(Locker, offer.locker_id or "") if offer else None
    place = f"{offered.bank_id}/{offered.number}" if offered else ""
    return Form({"entry": entry.id, "person": entry.person_id, "scheme": entry.scheme_id, "locker": place})


def _is_excluded(session: Session, form: Form, now: int) -> bool:
    """Whether the chosen person is excluded where the chosen locker is, now or later."""
    bank = session.get(Bank, form.get("locker").partition("/")[0])
    if bank is None or not form.get("person"):
        return False
    found = exclusions.hindering(session, form.get("person"), site_id=bank.site_id, from_at=now, until_at=MAX_INSTANT)
    return found is not None


def _require_told(session: Session, form: Form, person: Person, site_id: str, now: int) -> None:
    """Where safety requires to know that someone stays away from another place, it is read before the keys are given.

    Raises ConflictError (`warned`).
    """
    shown = form.get("told").split()
    if any(not one.is_here and one.id not in shown for one in situation.stays_away(session, person, [site_id], now)):
        raise ConflictError("warned", "they stay away from another place, for safety: read it, then hand over")


def _new_person(session: Session, visit: Member, form: Form, organisation_id: str, now: int) -> Person:
    return add_person(
        session, organisation_id=organisation_id, name=form.get("new_name").strip(), language=visit.language,
        actor=visit.staff.staff_id, now=now,
    )  # fmt: skip


def _first_day(form: Form, bank: Bank | None, now: int) -> date:
    """The first day as it was typed; today, where the locker is, if nothing was or it is refused."""
    today = local_day(bank.site.zone if bank else DEFAULT_ZONE, now)
    form.values.setdefault("starts_on", today.isoformat())
    return today if "starts_on" in form.errors else date.fromisoformat(form.get("starts_on").strip())


def _prefer_the_only(form: Form, schemes: Sequence[scheme_choice.Choice], first: date) -> None:
    """The only scheme is chosen, with its last day; where there are several, whoever hands over chooses."""
    only = schemes[0] if len(schemes) == 1 else None
    if only:
        form.values["scheme"] = only.id
    if len(schemes) < 2:
        form.values.setdefault("ends_on", (only.last_on if only else term_end(first, 12)).isoformat())


def _form(visit: Member, session: Session, form: Form, status: int = 200) -> Response:
    query = select(Person).where(Person.erased_at.is_(None))
    if visit.organisation_id is not None:
        query = query.where(Person.organisation_id == visit.organisation_id)
    people = sorted(session.scalars(query), key=lambda person: alphabetical(person.name))
    chosen = next((person for person in people if person.id == form.get("person")), None)
    organisation_id = chosen.organisation_id if chosen else visit.organisation_id
    free = free_lockers(session, visit.now, organisation_id=visit.organisation_id)
    place = session.get(Bank, form.get("locker").partition("/")[0])
    bank = place or (free[0].bank if free else None)
    offered = offered_lockers(session, but_to=chosen.id if chosen else "")
    first_on = _first_day(form, bank, visit.now)
    schemes = scheme_choice.choices(visit, session, organisation_id, first_on)
    _prefer_the_only(form, schemes, first_on)
    return visit.page(
        "contracts/handover.html",
        area="handover",
        status=status,
        form=form,
        person_name=chosen.name if chosen else "",
        people=[(person.id, person.name) for person in people],
        lockers=[(f"{one.bank_id}/{one.number}", _named(visit, one, offered)) for one in free],
        badges=_badges(session, form, free),
        schemes=schemes,
        first_on=first_on,
        stays_away=situation.stays_away(session, chosen, [place.site_id] if place else [], visit.now) if chosen else [],
        despite=[(code, visit.say(text)) for code, text in words.DESPITE.items()]
        if _is_excluded(session, form, visit.now)
        else [],
    )


def _named(visit: Member, locker: Locker, offered: Collection[str]) -> str:
    name = f"{locker.bank.site.name}, {locker.bank.name}, {locker.number}"
    is_offered = visit.say(N_("offered to someone who waits"))
    return f"{name} · {is_offered}" if locker.id in offered else name


def _badges(session: Session, form: Form, free: Sequence[Locker]) -> list[tuple[str, str]]:
    """Those in stock where the chosen locker is; before one is chosen where any is free, told apart by their places."""
    bank = session.get(Bank, form.get("locker").partition("/")[0])
    sites = [bank.site] if bank else sorted({one.bank.site for one in free}, key=lambda site: alphabetical(site.name))
    if len(sites) == 1:
        return [(badge.id, badge.label) for badge in stock(session, sites[0].id)]
    return [(badge.id, f"{site.name}, {badge.label}") for site in sites for badge in stock(session, site.id)]
