"""The state a loan is in at a moment, from its dates and what was recorded; never stored."""

from enum import StrEnum

from gateway.loans.due import soon_from
from gateway.loans.models import Loan


class LoanState(StrEnum):
    """`not_taken`: its time passed at the locker; `to_check`: the door says it is back and nobody has looked yet."""

    PLANNED = "planned"
    NOT_TAKEN = "not_taken"
    OUT = "out"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    TO_CHECK = "to_check"
    RETURNED = "returned"
    CANCELLED = "cancelled"


OUT_STATES = frozenset({LoanState.OUT, LoanState.DUE_SOON, LoanState.OVERDUE})


def state_at(loan: Loan, at: int) -> LoanState:
    """Where the loan is in its life; at the minute it is due it is not overdue yet."""
    if loan.cancelled_at is not None:
        return LoanState.CANCELLED
    if loan.checked_at is not None:
        return LoanState.RETURNED
    if loan.returned_at is not None:
        return LoanState.TO_CHECK
    if loan.taken_at is None:
        return LoanState.NOT_TAKEN if at > loan.due_at else LoanState.PLANNED
    if at > loan.due_at:
        return LoanState.OVERDUE
    member = loan.membership
    soon = at >= soon_from(member.terms, member.site.zone, loan.due_at)
    return LoanState.DUE_SOON if soon else LoanState.OUT
