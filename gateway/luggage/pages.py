"""The desk of a luggage room on screen: one's shift, the services counted at a tap, and who has a sheet here."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.contracts.models import Contract, Holding
from gateway.errors import ConflictError
from gateway.incidents.visibility import seen_sites
from gateway.lockers.models import Bank, Locker
from gateway.luggage import service, shifts, words
from gateway.luggage.codes import DeskService
from gateway.luggage.models import DeskShift, ServiceUse
from gateway.money.amounts import cents_of, euros
from gateway.people.models import Person
from gateway.web.formats import alphabetical
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member, MemberVisit, PostedForm
from wire.hours import site_zone

router = APIRouter()
SHEETS_SHOWN = 300
USES_SHOWN = 5


@dataclass(frozen=True)
class ShiftPage:
    """A shift in figures, as amounts to read."""

    site: str
    opened_at: int
    people: int
    things_in: int
    things_out: int
    services: Sequence[tuple[str, str, int]]
    cash: str
    expected: str
    difference: str


@router.get("/desk")
def desk_page(visit: MemberVisit) -> Response:
    """One's open shift, or the form that opens one."""
    with visit.database.reading() as session:
        return _desk(visit, session, Form({"float": "0"}))


@router.post("/desk/open")
def open_shift(posted: PostedForm) -> Response:
    """Opens one's own shift."""
    cents = _amount(posted.form, "float")

    def act(session: Session, now: int) -> str:
        staff = posted.visit.staff.staff_id
        shifts.open_shift(
            session, site_id=posted.form.get("site"), staff_id=staff, float_cents=cents, actor=staff, now=now
        )
        return "/desk"

    return posted.act(act, lambda session, form: _desk(posted.visit, session, form, 422))


@router.post("/desk/close")
def close_shift(posted: PostedForm) -> Response:
    """Closes one's own shift; a difference in the cash is shown."""
    counted = _amount(posted.form, "counted") if posted.form.get("counted").strip() else None

    def act(session: Session, now: int) -> str:
        staff = posted.visit.staff.staff_id
        shift = _present(session, staff)
        shifts.close_shift(
            session, shift.id, counted_cents=counted, note=posted.form.get("note"), actor=staff, now=now
        )  # fmt: skip
        return "/desk?done=shift_closed"

    return posted.act(act, lambda session, form: _desk(posted.visit, session, form, 422))


@router.post("/desk/services")
def count_service(posted: PostedForm) -> Response:
    """One more shower."""
    wanted = posted.form.choice("service", list(words.SERVICES))

    def act(session: Session, now: int) -> str:
        staff = posted.visit.staff.staff_id
        shift = _present(session, staff)
        service.count_service(
            session, site_id=shift.site_id, service=DeskService(wanted), actor=staff, now=now
        )  # fmt: skip
        return "/desk"

    return posted.act(act, lambda session, form: _desk(posted.visit, session, form, 422))


@router.post("/desk/services/{use_id}/undo")
def undo_service(posted: PostedForm, use_id: str) -> Response:
    """A slip of the hand."""

    def act(session: Session, now: int) -> str:
        service.undo_service(session, use_id, actor=posted.visit.staff.staff_id, now=now)
        return "/desk"

    return posted.act(act, lambda session, form: _desk(posted.visit, session, form, 422))


def _desk(visit: Member, session: Session, form: Form, status: int = 200) -> Response:
    shift = shifts.present_shift(session, visit.staff.staff_id)
    if shift is None:
        last = _last_closed(session, visit.staff.staff_id)
        return visit.page(
            "luggage/open.html",
            area="desk",
            form=form,
            status=status,
            sites=[(site.id, site.name) for site in seen_sites(session, visit.staff.staff_id)],
            last=_figures(visit, session, last) if last else None,
        )
    return visit.page(
        "luggage/desk.html",
        area="desk",
        zone=site_zone(shift.site.zone),
        form=form,
        status=status,
        shift=_figures(visit, session, shift),
        uses=_newest_uses(session, shift.id),
        sheets=_sheets(visit, session, shift.site_id),
    )


def _figures(visit: Member, session: Session, shift: DeskShift) -> ShiftPage:
    counts = shifts.counts(session, shift)
    difference = None if shift.counted_cents is None else shift.counted_cents - counts.expected_cents
    return ShiftPage(
        site=shift.site.name,
        opened_at=shift.opened_at,
        people=counts.people,
        things_in=counts.things_in,
        things_out=counts.things_out,
        services=[(code, text, counts.services.get(code, 0)) for code, text in words.SERVICES.items()],
        cash=euros(counts.cash_cents, visit.language),
        expected=euros(counts.expected_cents, visit.language),
        difference="" if difference is None else euros(difference, visit.language),
    )


def _newest_uses(session: Session, shift_id: str) -> list[tuple[str, str]]:
    found = session.scalars(
        select(ServiceUse)
        .where(ServiceUse.shift_id == shift_id, ServiceUse.undone_at.is_(None))
        .order_by(ServiceUse.at.desc(), ServiceUse.id.desc())
        .limit(USES_SHOWN)
    )
    return [(f"/desk/services/{use.id}/undo", words.SERVICES[use.service]) for use in found]


def _sheets(visit: Member, session: Session, site_id: str) -> list[tuple[str, str, str]]:
    """Who has a locker of this site now: the sheet's address, name and locker, by name."""
    now = visit.clock()
    query = (
        select(Contract, Locker)
        .join(Holding, Holding.contract_id == Contract.id)
        .join(Locker, Locker.id == Holding.locker_id)
        .join(Bank, Bank.id == Locker.bank_id)
        .where(Bank.site_id == site_id, Holding.from_at <= now, Holding.until_at > now)
        .limit(SHEETS_SHOWN)
    )
    if visit.organisation_id is not None:
        query = query.join(Person, Person.id == Contract.person_id).where(
            Person.organisation_id == visit.organisation_id
        )
    rows = session.execute(query).unique()
    found = [
        (f"/sheets/{contract.id}", contract.person.name, f"{locker.bank.name}, {locker.number}")
        for contract, locker in rows
    ]
    return sorted(found, key=lambda row: alphabetical(row[1]))


def _last_closed(session: Session, staff_id: str) -> DeskShift | None:
    return session.scalar(
        select(DeskShift)
        .where(DeskShift.staff_id == staff_id, DeskShift.closed_at.is_not(None))
        .order_by(DeskShift.closed_at.desc())
        .limit(1)
    )


def _present(session: Session, staff_id: str) -> DeskShift:
    shift = shifts.present_shift(session, staff_id)
    if shift is None:
        raise ConflictError("shift_closed", "open your shift first")
    return shift


def _amount(form: Form, name: str) -> int:
    cents = cents_of(form.get(name) or "0")
    if cents is None:
        form.error(name, N_("Please give an amount, for example 3.50."))
    return cents or 0
