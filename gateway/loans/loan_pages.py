"""One loan on screen: what its door said, handing over, taking back tool by tool, reminding."""

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.errors import NotFoundError
from gateway.loans import movements, reminders, service, words
from gateway.loans.codes import Condition, MovementState, Told
from gateway.loans.models import Loan
from gateway.loans.pages import tools_of
from gateway.loans.states import LoanState, state_at
from gateway.web.forms import Form
from gateway.web.visit import Member, MemberVisit, Posted, PostedForm
from wire.hours import site_zone

router = APIRouter()
Act = Callable[[Session, int], object]


@router.get("/tools/loans/{loan_id}")
def loan_page(visit: MemberVisit, loan_id: str) -> Response:
    """One loan. Raises NotFoundError (`loan`)."""
    with visit.database.reading() as session:
        return _show(visit, session, loan_id, Form())


@router.post("/tools/loans/{loan_id}/{decision}")
def decide(posted: PostedForm, loan_id: str, decision: str) -> Response:
    """Hands over, takes back, extends, cancels, reminds, or says that a door was misread.

    Raises NotFoundError with code `decision`.
    """
    if decision not in _DECISIONS:
        raise NotFoundError("decision", "no such decision about a loan")
    act = _DECISIONS[decision](posted, loan_id)

    def acted(session: Session, now: int) -> str:
        act(session, now)
        return f"/tools/{service.loan_of(session, loan_id).membership.scheme_id}?done=loan_{decision}"

    return posted.act(acted, lambda session, again: _show(posted.visit, session, loan_id, again, 422))


def _hand_over(posted: Posted, loan_id: str) -> Act:
    return lambda session, now: service.hand_over(session, loan_id, actor=_actor(posted), now=now)


def _back(posted: Posted, loan_id: str) -> Act:
    seen = {
        name.removeprefix("tool-"): Condition(value)
        for name, value in posted.form.values.items()
        if name.startswith("tool-") and value in words.CONDITIONS
    }
    if not seen:
        posted.form.error("", words.NOTHING_SEEN)
    return lambda session, now: service.take_back(session, loan_id, seen, actor=_actor(posted), now=now)


def _extend(posted: Posted, loan_id: str) -> Act:
    due_on = posted.form.day("due_on") if posted.form.get("due_on").strip() else None
    return lambda session, now: service.extend(session, loan_id, due_on=due_on, actor=_actor(posted), now=now)


def _cancel(posted: Posted, loan_id: str) -> Act:
    return lambda session, now: service.cancel(session, loan_id, actor=_actor(posted), now=now)


def _told(posted: Posted, loan_id: str) -> Act:
    how = posted.form.choice("how", words.TOLD)
    return lambda session, now: reminders.tell(session, loan_id, how=Told(how), actor=_actor(posted), now=now)


def _reject(posted: Posted, loan_id: str) -> Act:
    def act(session: Session, now: int) -> object:
        movement_id = posted.form.get("movement")
        if movement_id not in [one.id for one in service.loan_of(session, loan_id).movements]:
            raise NotFoundError("movement", "no such movement of this loan")
        return movements.reject(session, movement_id, actor=_actor(posted), now=now)

    return act


_DECISIONS: dict[str, Callable[[Posted, str], Act]] = {
    "hand_over": _hand_over,
    "back": _back,
    "extend": _extend,
    "cancel": _cancel,
    "told": _told,
    "reject": _reject,
}


def _actor(posted: Posted) -> str:
    return posted.visit.staff.staff_id


def _show(visit: Member, session: Session, loan_id: str, form: Form, status: int = 200) -> Response:
    loan = service.loan_of(session, loan_id)
    state = state_at(loan, visit.now)
    return visit.page(
        "loans/loan.html",
        area="tools",
        zone=site_zone(loan.membership.site.zone),
        status=status,
        form=form,
        url=f"/tools/loans/{loan.id}",
        desk_url=f"/tools/{loan.membership.scheme_id}",
        holder=loan.membership.person.name,
        tools=tools_of(loan),
        state=words.loan_state(state),
        place=f"{loan.locker.bank.name}, {loan.locker.number}" if loan.locker and _is_open(loan) else "",
        due_at=loan.due_at,
        can_take=state is LoanState.PLANNED,
        can_cancel=loan.taken_at is None and loan.cancelled_at is None,
        can_extend=loan.taken_at is not None and loan.returned_at is None,
        can_tell=state in (LoanState.DUE_SOON, LoanState.OVERDUE),
        expected=_expected(loan),
        said=_said(visit, loan),
        conditions=[(code, visit.say(text)) for code, text in words.CONDITIONS.items()],
        told=[(code, visit.say(text), "") for code, text in words.TOLD.items()],
    )


def _is_open(loan: Loan) -> bool:
    """Whether its tools are still to be taken, or to come back."""
    return loan.cancelled_at is None and loan.checked_at is None and loan.returned_at is None


def _expected(loan: Loan) -> list[tuple[str, str]]:
    """The tools that nobody has seen back yet, once they were taken."""
    if loan.taken_at is None or loan.cancelled_at is not None:
        return []
    return [
        (f"tool-{item.tool_id}", f"{item.tool.number} {item.tool.name}") for item in loan.items if not item.condition
    ]


def _said(visit: Member, loan: Loan) -> list[tuple[str, int, str, bool]]:
    """What the door said and counts: id, when, words, whether it can still be put right."""
    counted = [one for one in loan.movements if one.state in (MovementState.PROPOSED, MovementState.CONFIRMED)]
    open_still = loan.checked_at is None
    return [(one.id, one.at, visit.say(words.MOVEMENTS[one.kind]), open_still) for one in counted]
