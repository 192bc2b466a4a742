"""Loans over HTTP: lending, taking back, what the doors said, whom to remind."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy import select

from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.loans import attention, movements, reminders, service
from gateway.loans.members import member_here
from gateway.loans.models import Loan, Membership
from gateway.loans.repository import in_scheme
from gateway.loans.schemas import (
    AttentionOut,
    DueOut,
    ExtendIn,
    LoanIn,
    LoanOut,
    MovementOut,
    TakeBackIn,
    TellIn,
    loan_out,
    movement_out,
)
from gateway.paging import page_of
from gateway.problems import responses

router = APIRouter(tags=["tool library"])
Key = Annotated[str, Path(max_length=36)]
_CHANGES = responses(404, 409)


@router.get("/tool-libraries/{library_id}/loans", summary="Loans", responses=responses(404))
def list_loans(
    database: Db,
    _caller: Caller,
    now: Now,
    library_id: Key,
    membership: Annotated[str | None, Query(max_length=36)] = None,
    running: bool = True,
    after: After = None,
    limit: Limit = PAGE,
) -> PageOut[LoanOut]:
    """In the order of their planning; those that are not over, or all with `running=false`."""
    query = in_scheme(select(Loan), library_id)
    if membership is not None:
        query = query.where(Loan.membership.has(Membership.id == membership))
    if running:
        query = query.where(Loan.cancelled_at.is_(None), Loan.checked_at.is_(None))
    with database.reading() as session:
        page = page_of(session, query, Loan.id, after=after, limit=limit)
        return PageOut(items=[loan_out(row, now) for row in page.items], next=page.next)


@router.post("/tool-libraries/{library_id}/loans", status_code=201, summary="Plan a loan", responses=_CHANGES)
def plan(database: Db, caller: Caller, now: Now, library_id: Key, loan: LoanIn) -> LoanOut:
    """With a `place`, the member's badge opens that locker for the loan's time, and the door says what happened."""
    with database.writing() as session:
        member = member_here(session, loan.membership_id, library_id)
        made = service.plan(
            session,
            membership_id=member.id,
            tool_ids=loan.tool_ids,
            kit_id=loan.kit_id,
            from_on=loan.from_on,
            due_on=loan.due_on,
            due_minute=loan.due_minute,
            place=(loan.place.bank, loan.place.number) if loan.place else None,
            project_id=loan.project_id,
            over_limit=loan.over_limit,
            note=loan.note,
            actor=caller.staff_id,
            now=now,
        )
        return loan_out(made, now)


@router.get("/loans/{loan_id}", summary="One loan", responses=responses(404))
def one_loan(database: Db, _caller: Caller, now: Now, loan_id: Key) -> LoanOut:
    """As of now."""
    with database.reading() as session:
        return loan_out(service.loan_of(session, loan_id), now)


@router.post("/loans/{loan_id}/hand-over", summary="Hand over at the desk", responses=_CHANGES)
def hand_over(database: Db, caller: Caller, now: Now, loan_id: Key) -> LoanOut:
    """Refused while one of its tools is out with another loan."""
    with database.writing() as session:
        return loan_out(service.hand_over(session, loan_id, actor=caller.staff_id, now=now), now)


@router.post("/loans/{loan_id}/take-back", summary="The tools were seen", responses=_CHANGES)
def take_back(database: Db, caller: Caller, now: Now, loan_id: Key, back: TakeBackIn) -> LoanOut:
    """Some or all of them; the loan is over with the last."""
    seen = None if back.tools is None else {one.tool_id: one.condition for one in back.tools}
    with database.writing() as session:
        return loan_out(service.take_back(session, loan_id, seen, actor=caller.staff_id, now=now), now)


@router.post("/loans/{loan_id}/extend", summary="Due later", responses=_CHANGES)
def extend(database: Db, caller: Caller, now: Now, loan_id: Key, extension: ExtendIn) -> LoanOut:
    """Refused where another loan is promised one of the tools; how often it was done only alerts."""
    with database.writing() as session:
        changed = service.extend(
            session, loan_id, due_on=extension.due_on, due_minute=extension.due_minute, actor=caller.staff_id, now=now
        )
        return loan_out(changed, now)


@router.post("/loans/{loan_id}/cancel", summary="Cancel what is planned", responses=_CHANGES)
def cancel(database: Db, caller: Caller, now: Now, loan_id: Key) -> LoanOut:
    """Refused once the tools were taken."""
    with database.writing() as session:
        return loan_out(service.cancel(session, loan_id, actor=caller.staff_id, now=now), now)


@router.post("/loans/{loan_id}/remind", summary="The member was told", responses=_CHANGES)
def remind(database: Db, caller: Caller, now: Now, loan_id: Key, told: TellIn) -> LoanOut:
    """It leaves the list of reminders, until it is overdue or due anew."""
    with database.writing() as session:
        reminders.tell(session, loan_id, how=told.how, actor=caller.staff_id, now=now)
        return loan_out(service.loan_of(session, loan_id), now)


@router.post("/movements/{movement_id}/confirm", summary="The door was read rightly", responses=_CHANGES)
def confirm(database: Db, caller: Caller, now: Now, movement_id: Key) -> MovementOut:
    """What a release proposed stands."""
    with database.writing() as session:
        return movement_out(movements.confirm(session, movement_id, actor=caller.staff_id, now=now))


@router.post("/movements/{movement_id}/reject", summary="The door opened for something else", responses=_CHANGES)
def reject(database: Db, caller: Caller, now: Now, movement_id: Key) -> MovementOut:
    """The loan is as if it had not opened."""
    with database.writing() as session:
        return movement_out(movements.reject(session, movement_id, actor=caller.staff_id, now=now))


@router.get("/tool-libraries/{library_id}/reminders", summary="Whom to remind", responses=responses(404))
def to_tell(database: Db, _caller: Caller, now: Now, library_id: Key) -> PageOut[DueOut]:
    """Loans due soon and loans overdue of which nobody has told the member yet."""
    with database.reading() as session:
        due = reminders.to_tell(session, scheme_id=library_id, now=now)
    items = [
        DueOut(loan_id=one.loan.id, person_id=one.loan.membership.person_id, kind=one.kind, due_at=one.loan.due_at)
        for one in due
    ]
    return PageOut(items=items, next=None)


@router.get("/tool-libraries/{library_id}/attention", summary="Limits that are passed", responses=responses(404))
def limits_passed(database: Db, _caller: Caller, now: Now, library_id: Key) -> PageOut[AttentionOut]:
    """They alert, and refuse nothing."""
    with database.reading() as session:
        found = attention.attention(session, scheme_id=library_id, now=now)
    return PageOut(items=[AttentionOut.model_validate(one) for one in found], next=None)
