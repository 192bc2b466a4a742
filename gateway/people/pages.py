"""People: the list, a new file, and a person's page with contracts, badges and what is pending."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.badges.models import Badge
from gateway.badges.service import list_badges
from gateway.contracts.models import Contract, Party
from gateway.contracts.repository import WHOLE
from gateway.contracts.states import State
from gateway.incidents.visibility import seen_sites
from gateway.lockers import wall
from gateway.lockers.models import Organisation, Site
from gateway.people import service, situation
from gateway.people.models import Person
from gateway.people.situation import AwayNow, DeathKnown, LookedAfter, StaysAway, Waits
from gateway.staff.rights import Right
from gateway.staff.scope import require_organisation
from gateway.web.cards import BadgeCard, ContractCard, badge_card, contract_card
from gateway.web.formats import alphabetical
from gateway.web.forms import Form
from gateway.web.in_force import InForce, Subject, followed
from gateway.web.visit import Member, MemberVisit, PostedForm, Visit

router = APIRouter()
SHOWN = 50


@dataclass(frozen=True)
class PersonRow:
    """One line of the list."""

    name: str
    url: str
    detail: str
    state: str


@dataclass(frozen=True)
class PersonPage:
    """A person with everything the page shows."""

    id: str
    name: str
    organisation: str
    language: str
    url: str
    stream_url: str
    handover_url: str
    badge_url: str
    death: DeathKnown | None
    absence: AwayNow | None
    stays_away: Sequence[StaysAway]
    waits: Sequence[Waits]
    worker: LookedAfter | None
    contracts: Sequence[ContractCard]
    badges: Sequence[BadgeCard]
    pending: Sequence[InForce]


@router.get("/people")
def people_page(visit: MemberVisit) -> Response:
    """Everyone, the first ones of a long list."""
    with visit.database.reading() as session:
        return _list(visit, session, "", "people/list.html")


@router.post("/people/search")
def search(posted: PostedForm) -> Response:
    """Finds people by a part of their name; a form and not an address, because addresses are kept in many places."""
    visit, wanted = posted.visit, posted.form.get("name").strip()
    fragment = visit.request.headers.get("hx-request") == "true"
    with visit.database.reading() as session:
        return _list(visit, session, wanted, "people/found.html" if fragment else "people/list.html")


@router.get("/people/search")
def search_again(_visit: MemberVisit) -> Response:
    """The address of a search, come back to: the name is not in it, so the list it is."""
    return RedirectResponse("/people", 303)


@router.get("/people/new")
def new_page(visit: MemberVisit) -> Response:
    """The form of a new file."""
    with visit.database.reading() as session:
        return _new_form(visit, session, Form({"language": visit.language}))


@router.post("/people/new")
def add(posted: PostedForm) -> Response:
    """Makes the file and shows it."""
    visit, form = posted.visit, posted.form
    name = form.text("name")

    def act(session: Session, now: int) -> str:
        organisation_id = form.get("organisation") or organisations(visit, session)[0][0]
        require_organisation(visit.organisation_id, organisation_id)
        person = service.add_person(
            session,
            organisation_id=organisation_id,
            name=name,
            language=form.get("language") or "fr",
            actor=visit.staff.staff_id,
            now=now,
        )
        return f"/people/{person.id}?done=person_added"

    return posted.act(act, lambda session, again: _new_form(visit, session, again, 422))


@router.get("/people/{person_id}")
def person_page(visit: MemberVisit, person_id: str) -> Response:
    """One person. Raises NotFoundError with code `person`."""
    with visit.database.reading() as session:
        return visit.page("people/person.html", area="people", person=person_shown(visit, session, person_id))


def person_shown(visit: Member, session: Session, person_id: str) -> PersonPage:
    """A person's page as plain values. Raises NotFoundError with code `person`."""
    now = visit.clock()
    person = service.person_of(session, person_id)
    contracts = contracts_of(session, [person.id])
    badges = list_badges(session, person_id=person.id, limit=50).items
    cards = [contract_card(contract, now) for contract in contracts]
    running = [contract for contract, card in zip(contracts, cards, strict=True) if card.state != State.ENDED]
    banks = sorted({holding.locker.bank_id for contract in running for holding in contract.holdings})
    subjects = [Subject(badge.id, badge.label, banks) for badge in badges]
    for contract, card in zip(contracts, cards, strict=True):
        places = sorted({holding.locker.bank_id for holding in contract.holdings})
        subjects.append(Subject(contract.id, card.locker, places))
        subjects += [Subject(badge.id, badge.label, places) for badge in _trusted_badges(session, contract, person.id)]
    concerned = {bank for subject in subjects for bank in subject.banks}
    views = {bank.id: bank for bank in wall.banks(session, visit.heard, bank_ids=concerned)}
    organisation = session.get(Organisation, person.organisation_id)
    sites = {holding.locker.bank.site_id for contract in running for holding in contract.holdings}
    sites |= {site.id for site in seen_sites(session, visit.staff.staff_id)}
    decides = visit.may(Right.CONTRACTS)
    asking = set(session.scalars(select(Site.id).where(Site.asks_pin)))
    return PersonPage(
        id=person.id,
        name=person.name,
        organisation=organisation.name if organisation else "",
        language=person.language,
        url=f"/people/{person.id}",
        stream_url=f"/live/person/{person.id}",
        handover_url=f"/handover?person={person.id}",
        badge_url=f"/people/{person.id}/badge",
        death=situation.death_shown(session, person_id) if decides else None,
        absence=situation.absence_shown(session, person_id) if decides else None,
        stays_away=situation.stays_away(session, person, sites, now),
        waits=situation.waits(session, person_id) if visit.may(Right.CARE) else [],
        worker=situation.looked_after(session, person_id, now),
        contracts=sorted(cards, key=lambda card: card.state == State.ENDED),
        badges=sorted(
            (badge_card(badge, asks_pin=badge.site_id in asking) for badge in badges),
            key=lambda card: not card.revoke_url,
        ),
        pending=followed(visit, session, views, subjects),
    )


def contracts_of(session: Session, people: Sequence[str]) -> Sequence[Contract]:
    """The contracts that these people are on, newest first; nothing of those they have left."""
    on_it = select(Party.contract_id).where(Party.person_id.in_(people), Party.until_at.is_(None))
    query = select(Contract).options(*WHOLE).where(Contract.id.in_(on_it)).order_by(Contract.from_at.desc())
    return session.scalars(query).unique().all()


def running_of(session: Session, person_id: str, now: int) -> list[ContractCard]:
    """What a person is on and what is not over."""
    cards = [contract_card(contract, now) for contract in contracts_of(session, [person_id])]
    return [card for card in cards if card.state != State.ENDED]


def _trusted_badges(session: Session, contract: Contract, person_id: str) -> Sequence[Badge]:
    """Those of people whom this one of the contract trusts, or trusted; not of those whom the other trusts."""
    trusted = [one.id for one in contract.trusted if one.person_id == person_id]
    return session.scalars(select(Badge).where(Badge.trusted_id.in_(trusted))).all() if trusted else []


def _people(contract: Contract) -> set[str]:
    return {party.person_id for party in contract.parties if party.until_at is None}


def organisations(visit: Visit, session: Session) -> list[tuple[str, str]]:
    """Organisations as options of a form: one's own, or all."""
    every = session.scalars(select(Organisation).order_by(Organisation.name))
    return [(row.id, row.name) for row in every if visit.organisation_id in (None, row.id)]


def _list(visit: Member, session: Session, wanted: str, template: str) -> Response:
    page = service.list_people(session, search=wanted or None, organisation_id=visit.organisation_id, limit=SHOWN)
    rows = _rows(session, page.items, visit)
    return visit.page(template, area="people", people=rows, search=wanted, more=page.next is not None)


def _rows(session: Session, people: Sequence[Person], visit: Visit) -> list[PersonRow]:
    contracts = contracts_of(session, [person.id for person in people])
    rows = []
    for person in people:
        cards = [contract_card(one, visit.now) for one in contracts if person.id in _people(one)]
        cards = [card for card in cards if card.state != State.ENDED] or cards[:1]
        detail = ", ".join(dict.fromkeys(card.locker for card in cards if card.state != State.ENDED))
        state = cards[0].state if cards else ""
        rows.append(PersonRow(person.name, f"/people/{person.id}", detail or visit.say("No locker"), state))
    return sorted(rows, key=lambda row: alphabetical(row.name))


def _new_form(visit: Member, session: Session, form: Form, status: int = 200) -> Response:
    options = organisations(visit, session)
    return visit.page("people/new.html", area="people", form=form, organisations=options, status=status)
