"""Whom to remind of what: loans due soon, and loans overdue, until someone has said so. Nobody is written to here."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.db import new_id
from gateway.errors import ConflictError
from gateway.loans import repository
from gateway.loans.codes import ReminderKind, Told
from gateway.loans.models import Loan, Reminder
from gateway.loans.service import loan_of
from gateway.loans.states import LoanState, state_at
from gateway.people.models import Person

_KINDS = {LoanState.DUE_SOON: ReminderKind.DUE_SOON, LoanState.OVERDUE: ReminderKind.OVERDUE}


@dataclass(frozen=True)
class Due:
    """A loan whose member is to be told, and why."""

    loan: Loan
    kind: ReminderKind


def to_tell(session: Session, *, scheme_id: str | None = None, now: int) -> Sequence[Due]:
    """What nobody has told yet, the one due first first; never of someone who is away or has died."""
    loans = repository.open_loans(session, scheme_id=scheme_id)
    due = [Due(loan, kind) for loan in loans if (kind := _KINDS.get(state_at(loan, now))) is not None]
    if not due:
        return []
    ids = {one.loan.id for one in due}
    told = {
        (row.loan_id, row.kind, row.due_at)
        for row in session.scalars(select(Reminder).where(Reminder.loan_id.in_(ids)))
    }
    people = {one.loan.membership.person_id for one in due}
    left_alone = set(
        session.scalars(select(Person.id).where(Person.id.in_(people), repository.is_not_disturbed(Person.id)))
    )
    return [
        one
        for one in due
        if (one.loan.id, one.kind, one.loan.due_at) not in told and one.loan.membership.person_id not in left_alone
    ]


def tell(session: Session, loan_id: str, *, how: Told, actor: str, now: int) -> Reminder:
    """Someone told the member; telling again about the same date changes nothing.

    Raises NotFoundError (`loan`), ConflictError (`not_due`: there is nothing to remind of).
    """
    loan = loan_of(session, loan_id)
    kind = _KINDS.get(state_at(loan, now))
    if kind is None:
        raise ConflictError("not_due", "this loan is neither due soon nor overdue: there is nothing to remind of")
    known = session.scalar(
        select(Reminder).where(Reminder.loan_id == loan.id, Reminder.kind == kind, Reminder.due_at == loan.due_at)
    )
    if known is not None:
        return known
    made = Reminder(
        id=new_id(now), loan_id=loan.id, kind=kind.value, due_at=loan.due_at, how=how.value, told_by=actor, told_at=now
    )
    session.add(made)
    session.flush()
    audit.record(session, actor=actor, action="loan_reminded", subject=loan.id, now=now, kind=kind.value, how=how.value)
    return made
