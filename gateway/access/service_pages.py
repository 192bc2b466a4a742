"""Taking a locker out of service, and putting it back: why, whether its holder is stopped, and who is told."""

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.access import out_of_service, words
from gateway.access.models import CommandRecord
from gateway.access.out_of_service import ServiceReason
from gateway.access.pages import locker_to_open
from gateway.staff.service import names_of
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import LockerNumber, Member, MemberVisit, PostedForm
from wire.hours import site_zone

router = APIRouter()
_HOUR_MS = 3_600_000
NOBODY = "nobody"


@router.get("/lockers/{bank}/{number}/service")
def service_page(visit: MemberVisit, bank: str, number: LockerNumber) -> Response:
    """Out of service or back. Raises NotFoundError (`bank`, `locker`)."""
    with visit.database.reading() as session:
        return _form(visit, session, bank, number, Form({"stops": NOBODY}))


@router.post("/lockers/{bank}/{number}/out-of-service")
def take_out(posted: PostedForm, bank: str, number: LockerNumber) -> Response:
    """Orders it out of service; the next page shows what the block says."""
    form = posted.form
    reason, stops = form.choice("reason", words.SERVICE_REASONS), form.choice("stops", [NOBODY, *words.STOPS])
    if stops in words.STOPS and form.get("sure") != "yes":
        form.error("sure", N_("Confirm it first: nobody is kept from their belongings by mistake."))

    def order(session: Session, now: int) -> CommandRecord:
        return out_of_service.take_out(
            session, posted.visit.request.app.state.orders, bank_id=bank, number=number, reason=ServiceReason(reason),
            stops_until=None if stops == NOBODY else now + int(stops) * _HOUR_MS, actor=posted.visit.staff.staff_id,
            now=now,
        )  # fmt: skip

    return _send(posted, bank, number, order)


@router.post("/lockers/{bank}/{number}/in-service")
def put_back(posted: PostedForm, bank: str, number: LockerNumber) -> Response:
    """Orders it back in service."""

    def order(session: Session, now: int) -> CommandRecord:
        return out_of_service.put_back(
            session, posted.visit.request.app.state.orders, bank_id=bank, number=number,
            actor=posted.visit.staff.staff_id, now=now,
        )  # fmt: skip

    return _send(posted, bank, number, order)


def _send(posted: PostedForm, bank: str, number: int, order: Callable[[Session, int], CommandRecord]) -> Response:
    return posted.act(
        lambda session, now: f"/commands/{order(session, now).id}",
        lambda session, form: _form(posted.visit, session, bank, number, form, 422),
    )


def _form(visit: Member, session: Session, bank: str, number: int, form: Form, status: int = 200) -> Response:
    locker, zone = locker_to_open(visit, session, bank, number)
    mark = out_of_service.mark_of(session, bank, number)
    asked = session.get(CommandRecord, mark.command_id) if mark else None
    return visit.page(
        "access/service.html",
        area="wall",
        zone=site_zone(zone),
        status=status,
        form=form,
        locker=locker,
        mark=mark,
        why=words.SERVICE_REASONS.get(mark.reason, "") if mark else "",
        by=names_of(session, [asked.requested_by]).get(asked.requested_by, "") if asked else "",
        reasons=visit.choices(words.SERVICE_REASONS),
        stops=[
            (NOBODY, visit.say(N_("No: whoever has it opens it as before")), ""),
            *visit.choices(words.STOPS),
        ],
    )
