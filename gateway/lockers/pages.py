"""The wall of lockers and the page of one locker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.badges.service import list_badges
from gateway.contracts import repository
from gateway.contracts.models import Contract
from gateway.custody.readiness import readiness
from gateway.events import breaches
from gateway.loans.models import ToolLocker
from gateway.lockers import wall
from gateway.lockers.history import Happening, lately
from gateway.lockers.service import locker_of
from gateway.lockers.sight import sight_of
from gateway.lockers.tiles import BreachShown, Narrowed, breach_shown, wall_shown
from gateway.staff.rights import Right
from gateway.web.cards import ContractCard, Link, contract_card
from gateway.web.i18n import N_
from gateway.web.in_force import InForce, Subject, followed
from gateway.web.visit import EventNumber, LockerNumber, MemberVisit, PostedForm, Visit
from wire.hours import site_zone

router = APIRouter()
Choice = Annotated[str, Query(max_length=80)]


@dataclass(frozen=True)
class LockerPage:
    """One locker: its state, who has it, what may be done. No trail of movements: only the day it was last used."""

    number: int
    code: str
    site: str
    block: str
    block_url: str
    url: str
    stream_url: str
    handover_url: str
    zone: ZoneInfo
    state: str
    known_at: int | None
    online: bool
    offline_since: int | None
    last_used: int | None
    breaches: Sequence[BreachShown]
    pending: Sequence[InForce]
    taken: bool
    place_url: str
    key_lock: bool
    out_of_service: bool
    lends_url: str
    ready_url: str
    contracts: Sequence[ContractCard]
    actions: Sequence[Link]
    lately: Sequence[Happening]


def narrowed(site: Choice = "", block: Choice = "", state: Choice = "") -> Narrowed:
    """What the address narrows the wall to."""
    return Narrowed(site, block, state)


NarrowedWall = Annotated[Narrowed, Depends(narrowed)]


@router.get("/")
def wall_page(visit: MemberVisit, narrowed_to: NarrowedWall) -> Response:
    """Every locker with its state, live."""
    with visit.database.reading() as session:
        shown = wall_shown(visit, session, narrowed_to)
    return visit.page("lockers/wall.html", area="wall", wall=shown)


@router.get("/lockers/{bank}/{number}")
def locker_page(visit: MemberVisit, bank: str, number: LockerNumber) -> Response:
    """One locker. Raises NotFoundError (`bank`, `locker`)."""
    with visit.database.reading() as session:
        shown = locker_shown(visit, session, bank, number)
    return visit.page("lockers/locker.html", area="wall", zone=shown.zone, locker=shown)


@router.post("/breaches/{event_id}/seen")
def seen(posted: PostedForm, event_id: EventNumber) -> Response:
    """Takes a breach off the wall; it stays in the feed."""

    def act(session: Session, now: int) -> str:
        breaches.note_seen(session, event_id, actor=posted.visit.staff.staff_id, now=now)
        return "/?done=seen"

    return posted.act(act, lambda session, _form: wall_again(posted.visit, session))


def wall_again(visit: Visit, session: Session) -> Response:
    """The whole wall, after something on it could not be done."""
    return visit.page("lockers/wall.html", area="wall", status=422, wall=wall_shown(visit, session, Narrowed()))


def locker_shown(visit: Visit, session: Session, bank_id: str, number: int) -> LockerPage:
    """A locker's page as plain values. Raises NotFoundError (`bank`, `locker`)."""
    locker, now = locker_of(session, bank_id, number), visit.clock()
    banks = {bank.id: bank for bank in wall.banks(session, visit.heard, organisation_id=visit.organisation_id)}
    bank = banks[bank_id]
    door = wall.lockers(
        session, visit.heard, now=now, bank_id=bank_id, after=(bank_id, number - 1), limit=1,
        organisation_id=visit.organisation_id,
    )[0]  # fmt: skip
    taken = repository.of_locker(session, locker.id, now)
    contracts = [one for one in taken if visit.may(Right.SEE_PEOPLE) and _theirs(visit, one)]
    alarms = visit.organisation_id is None or bank_id in sight_of(session, visit.organisation_id).run or bool(contracts)
    cards = [contract_card(contract, now) for contract in contracts]
    url = f"/lockers/{bank_id}/{number}"
    subjects = [Subject(card.id, card.holder, [bank_id]) for card in cards]
    actions: list[Link] = []
    for contract, card in zip(contracts, cards, strict=True):
        alive = [badge for badge in list_badges(session, person_id=contract.person_id).items if not badge.revoked_at]
        for badge in alive:
            detail = badge.label if len(alive) > 1 else ""
            url_of_badge = f"/badges/{badge.id}/revoke"
            actions.append(Link(url_of_badge, N_("Block the badge"), "block_badge", "button--alarm", detail, True))
        actions += card.actions
    return LockerPage(
        number=number,
        code=f"{bank_id}/{number}",
        site=bank.site,
        block=bank.name,
        block_url=f"/blocks/{bank_id}",
        url=url,
        stream_url=f"/live/locker/{bank_id}/{number}",
        handover_url=f"/handover?locker={bank_id}/{number}",
        zone=site_zone(bank.zone),
        state=door.state,
        known_at=door.since or None,
        online=bank.online,
        offline_since=None if bank.online else visit.heard_at(bank),
        last_used=door.last_opened_at,
        breaches=[
            breach_shown(visit, item, banks)
            for item in (breaches.unseen(session, now=now, bank_id=bank_id, locker=number) if alarms else ())
        ],
        pending=followed(visit, session, banks, subjects),
        taken=bool(taken) or door.occupancy == "occupied",
        place_url=f"/places/{bank_id}/{number}",
        key_lock=locker.lock == "key",
        out_of_service=door.out_of_service,
        lends_url=_lends_url(session, locker.id),
        ready_url="" if taken or readiness(session, locker, now).ready else f"{url}/ready",
        contracts=cards,
        actions=[action for action in actions if visit.may_go(action.url)],
        lately=lately(visit, session, bank_id, number) if alarms else [],
    )


def _lends_url(session: Session, locker_id: str) -> str:
    """The desk of the tool library that lends from this locker; its address is enough to say that one does."""
    lends = session.get(ToolLocker, locker_id)
    return f"/tools/{lends.scheme_id}" if lends else ""


def _theirs(visit: Visit, contract: Contract) -> bool:
    return visit.organisation_id in (None, contract.person.organisation_id)
