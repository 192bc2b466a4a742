"""Blocks and their health, and the decision a block waits for after a restored backup."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access import reconcile, service
from gateway.access.models import CommandRecord
from gateway.alerts.pages import failing_since
from gateway.fleet.comparison import Group, compared
from gateway.fleet.health import blocks_shown
from gateway.lockers.service import bank_of
from gateway.web.forms import Form
from gateway.web.visit import Member, MemberVisit, PostedForm
from wire.hours import site_zone

router = APIRouter()


@dataclass(frozen=True)
class ReconcilePage:
    """What a person needs to see to decide."""

    block: str
    site: str
    block_url: str
    zone: ZoneInfo
    held: bool
    online: bool
    asked_at: int | None
    differences: bool
    groups: Sequence[Group]


@router.get("/blocks")
def blocks_page(visit: MemberVisit) -> Response:
    """Every block with its controller's health."""
    with visit.database.reading() as session:
        return visit.page(
            "fleet/blocks.html", area="blocks", blocks=blocks_shown(visit, session), failing_since=failing_since(visit)
        )


@router.get("/blocks/{bank}")
def block_page(visit: MemberVisit, bank: str) -> Response:
    """One block. Raises NotFoundError with code `bank`."""
    with visit.database.reading() as session:
        bank_of(session, bank)
        return visit.page("fleet/block.html", area="blocks", block=blocks_shown(visit, session, bank)[0])


@router.get("/blocks/{bank}/reconcile")
def reconcile_page(visit: MemberVisit, bank: str) -> Response:
    """What differs between the block's list and ours. Raises NotFoundError (`bank`, `controller`)."""
    with visit.database.reading() as session:
        return _show(visit, session, bank, Form())


@router.post("/blocks/{bank}/ask")
def ask(posted: PostedForm, bank: str) -> Response:
    """Asks the block for the list it follows."""
    visit = posted.visit

    def act(session: Session, now: int) -> str:
        reconcile.ask(session, visit.request.app.state.orders, bank, actor=visit.staff.staff_id, now=now)
        return f"/blocks/{bank}/reconcile"

    return posted.act(act, lambda session, form: _show(visit, session, bank, form, 422))


@router.post("/blocks/{bank}/reconcile")
def decide(posted: PostedForm, bank: str) -> Response:
    """Our list holds from now on."""
    visit = posted.visit

    def act(session: Session, now: int) -> str:
        reconcile.decide(session, bank, actor=visit.staff.staff_id, now=now)
        return f"/blocks/{bank}?done=reconciled"

    return posted.act(act, lambda session, form: _show(visit, session, bank, form, 422))


def _show(visit: Member, session: Session, bank_id: str, form: Form, status: int = 200) -> Response:
    bank, controller = bank_of(session, bank_id), service.controller_of(session, bank_id)
    found = reconcile.differences(session, bank_id, now=visit.now) if controller.held_since else None
    asked = session.scalar(
        select(CommandRecord.requested_at)
        .where(
            CommandRecord.bank_id == bank_id,
            CommandRecord.kind == "send_access",
            CommandRecord.requested_at >= (controller.held_since or 0),
        )
        .order_by(CommandRecord.requested_at.desc())
        .limit(1)
    )
    zone = site_zone(bank.site.zone)
    page = ReconcilePage(
        block=bank.name,
        site=bank.site.name,
        block_url=f"/blocks/{bank_id}",
        zone=zone,
        held=controller.held_since is not None,
        online=controller.online,
        asked_at=asked,
        differences=found is not None,
        groups=compared(visit, session, found, zone) if found else [],
    )
    return visit.page("fleet/reconcile.html", area="blocks", zone=zone, page=page, form=form, status=status)


@router.get("/controllers", include_in_schema=False)
def controllers(_visit: MemberVisit) -> Response:
    """What the technicians call this page."""
    return RedirectResponse("/blocks", 308)
