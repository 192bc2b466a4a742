"""Workers on leave and who stands in: one page for both, so that nobody's people are ever without someone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.care.repository import today
from gateway.incidents import stand_ins
from gateway.incidents.request_models import Leave
from gateway.staff.models import Staff
from gateway.staff.rights import Right, may
from gateway.staff.scope import require_named
from gateway.web.formats import alphabetical
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member, MemberVisit, PostedForm

router = APIRouter()


@dataclass(frozen=True)
class LeaveRow:
    """One leave; `is_uncovered` where whoever stands in cannot see to these people; `instead`: who else can."""

    url: str
    who: str
    stand_in: str
    from_on: date
    until_on: date
    is_uncovered: bool
    instead: Sequence[tuple[str, str]]


@router.get("/leaves")
def leaves_page(visit: MemberVisit) -> Response:
    """Leaves of today and later, and the form of another one: one's own, unless said otherwise."""
    with visit.database.reading() as session:
        day = today(session, visit.now).isoformat()
        return _leaves(visit, session, Form({"staff": visit.staff.staff_id, "from_on": day}))


@router.post("/leaves")
def go_on_leave(posted: PostedForm) -> Response:
    """Nobody goes without a stand-in."""
    form, visit = posted.form, posted.visit
    who, stand_in = form.text("staff"), form.text("stand_in")
    first, last = form.day("from_on"), form.day("until_on")
    if last < first:
        form.error("until_on", N_("The last day is before the first."))

    def act(session: Session, now: int) -> str:
        for colleague in (who, stand_in):
            require_named(session, visit.staff, now, staff_id=colleague)
        stand_ins.go_on_leave(
            session, staff_id=who, stand_in_id=stand_in, from_on=first, until_on=last,
            actor=visit.staff.staff_id, now=now,
        )  # fmt: skip
        return "/leaves?done=on_leave"

    return posted.act(act, lambda session, again: _leaves(visit, session, again, 422))


@router.post("/leaves/{leave_id}/stand-in")
def change_stand_in(posted: PostedForm, leave_id: str) -> Response:
    """Someone else, from now on."""
    form, visit = posted.form, posted.visit
    stand_in = form.text("instead")

    def act(session: Session, now: int) -> str:
        require_named(session, visit.staff, now, staff_id=stand_in)
        stand_ins.change_stand_in(session, leave_id, stand_in_id=stand_in, actor=visit.staff.staff_id, now=now)
        return "/leaves?done=stand_in_changed"

    return posted.act(act, lambda session, again: _leaves(visit, session, again, 422))


@router.post("/leaves/{leave_id}/cancel")
def cancel(posted: PostedForm, leave_id: str) -> Response:
    """They are back, or never went."""
    visit = posted.visit

    def act(session: Session, now: int) -> str:
        stand_ins.cancel(session, leave_id, actor=visit.staff.staff_id, now=now)
        return "/leaves?done=leave_cancelled"

    return posted.act(act, lambda session, again: _leaves(visit, session, again, 422))


def _leaves(visit: Member, session: Session, form: Form, status: int = 200) -> Response:
    staff = _colleagues(session, visit)
    day = today(session, visit.now)
    uncovered = {one.id for one in stand_ins.uncovered(session, day)}
    coming = session.scalars(
        select(Leave)
        .where(Leave.cancelled_at.is_(None), Leave.until_on >= day, Leave.staff_id.in_([one.id for one in staff]))
        .order_by(Leave.from_on, Leave.id)
    ).all()
    return visit.page(
        "care/leaves.html", area="mine", form=form, status=status,
        leaves=[_row(session, one, staff, one.id in uncovered) for one in coming],
        staff_options=[(one.id, one.name) for one in staff if _looks_after(one)],
    )  # fmt: skip


def _row(session: Session, leave: Leave, staff: Sequence[Staff], is_uncovered: bool) -> LeaveRow:
    who, stand_in = session.get_one(Staff, leave.staff_id), session.get_one(Staff, leave.stand_in_id)
    instead = [(one.id, one.name) for one in stand_ins.who_can(session, who.id, staff)]
    return LeaveRow(
        f"/leaves/{leave.id}", who.name, stand_in.name, leave.from_on, leave.until_on, is_uncovered, instead
    )


def _colleagues(session: Session, visit: Member) -> Sequence[Staff]:
    """Everyone of one's own organisation, closed accounts too; without an organisation, everyone."""
    query = select(Staff)
    if visit.organisation_id is not None:
        query = query.where(Staff.organisation_id == visit.organisation_id)
    return sorted(session.scalars(query), key=lambda one: alphabetical(one.name))


def _looks_after(staff: Staff) -> bool:
    return staff.disabled_at is None and may(staff.role, Right.CARE)
