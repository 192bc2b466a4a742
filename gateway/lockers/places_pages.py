"""The page of places: organisations, their sites and the blocks there; adding one of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.lockers import service
from gateway.lockers.models import Bank, Locker
from gateway.lockers.sight import sight_of
from gateway.staff.rights import Right
from gateway.staff.scope import require_organisation
from gateway.web.forms import Form
from gateway.web.visit import DEFAULT_ZONE, Member, MemberVisit, PostedForm

router = APIRouter()


@dataclass(frozen=True)
class BlockLine:
    """One block with how many lockers are in service."""

    url: str
    name: str
    lockers: int
    keys: int
    winding_down: bool
    closes_on: date | None


@dataclass(frozen=True)
class SiteLine:
    """One place."""

    name: str
    zone: str
    organisation: str
    blocks: Sequence[BlockLine]


@router.get("/places")
def places_page(visit: MemberVisit) -> Response:
    """Every place one sees, with its blocks."""
    with visit.database.reading() as session:
        return places(visit, session, Form({"zone": DEFAULT_ZONE}))


@router.post("/organisations")
def add_organisation(posted: PostedForm) -> Response:
    """A charity, a city, or whoever runs blocks."""
    name = posted.form.text("organisation_name")

    def act(session: Session, now: int) -> str:
        service.organisation_named(session, name, actor=posted.visit.staff.staff_id, now=now)
        return "/places?done=place_added"

    return posted.act(act, lambda session, form: places(posted.visit, session, form, 422))


@router.post("/sites")
def add_site(posted: PostedForm) -> Response:
    """A place of an organisation. Raises ForbiddenError (`organisation`)."""
    form, visit = posted.form, posted.visit
    name, zone, organisation = form.text("site_name"), form.text("zone"), form.text("organisation")
    require_organisation(visit.organisation_id, organisation)

    def act(session: Session, now: int) -> str:
        service.site_named(session, name, organisation_id=organisation, zone=zone, actor=visit.staff.staff_id, now=now)
        return "/places?done=place_added"

    return posted.act(act, lambda session, again: places(visit, session, again, 422))


@router.post("/blocks")
def add_block(posted: PostedForm) -> Response:
    """A row of lockers, first without any: they are added on its own page."""
    form, visit = posted.form, posted.visit
    bank_id, site_id, name = form.text("block_id"), form.text("site_id"), form.text("block_name")

    def act(session: Session, now: int) -> str:
        require_organisation(visit.organisation_id, service.site_of(session, site_id).organisation_id)
        service.add_bank(session, bank_id=bank_id, site_id=site_id, name=name, actor=visit.staff.staff_id, now=now)
        return f"/places/{bank_id}?done=place_added"

    return posted.act(act, lambda session, again: places(visit, session, again, 422))


def places(visit: Member, session: Session, form: Form, status: int = 200) -> Response:
    """The page, again where a form was refused."""
    mine = visit.organisation_id
    sight = sight_of(session, mine) if mine is not None else None
    sites = [site for site in service.list_sites(session) if sight is None or site.id in sight.sites]
    banks = [bank for bank in service.list_banks(session) if sight is None or bank.id in sight.seen]
    organisations = service.list_organisations(session)
    names = {one.id: one.name for one in organisations}
    counts = _counts(session)
    return visit.page(
        "lockers/places.html",
        area="more",
        status=status,
        form=form,
        may_change=visit.may(Right.PLACES),
        sites=[
            SiteLine(
                site.name, site.zone, names[site.organisation_id],
                [_line(bank, counts) for bank in banks if bank.site_id == site.id],
            )
            for site in sites
        ],
        organisations=[(one.id, one.name) for one in organisations if mine in (None, one.id)],
        own_sites=[(site.id, site.name) for site in sites if mine in (None, site.organisation_id)],
    )  # fmt: skip


def _line(bank: Bank, counts: dict[tuple[str, str], int]) -> BlockLine:
    keys = counts.get((bank.id, "key"), 0)
    return BlockLine(
        f"/places/{bank.id}", bank.name, keys + counts.get((bank.id, "badge"), 0), keys,
        bank.winding_down_since is not None, bank.closes_on,
    )  # fmt: skip


def _counts(session: Session) -> dict[tuple[str, str], int]:
    """Lockers in service by block and kind of lock."""
    query = (
        select(Locker.bank_id, Locker.lock, func.count())
        .where(Locker.retired_at.is_(None))
        .group_by(Locker.bank_id, Locker.lock)
    )
    return {(bank, lock): count for bank, lock, count in session.execute(query)}
