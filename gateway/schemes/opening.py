"""New opening hours for what was signed under others: a decision of its own, never a side effect."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.changes import access_changed
from gateway.audit import service as audit
from gateway.contracts.models import Contract
from gateway.loans.models import Loan, Membership
from gateway.lockers.models import Locker
from gateway.schemes.service import scheme_of


def bring_hours(session: Session, scheme_id: str, *, actor: str, now: int) -> int:
    """Every contract and membership of the scheme that is not over gets its present hours; how many changed.

    The house's doors open at one time for all; no other term of what was signed changes.
    Raises NotFoundError (`scheme`).
    """
    scheme = scheme_of(session, scheme_id)
    running = select(Contract).where(Contract.scheme_id == scheme.id, Contract.collect_until > now)
    members = select(Membership).where(Membership.scheme_id == scheme.id, Membership.ended_at.is_(None))
    signed = [*session.scalars(running).unique(), *session.scalars(members).unique()]
    changed = [one for one in signed if one.terms.hours != scheme.terms.hours]
    for one in changed:
        one.terms = one.terms.model_copy(update={"hours": scheme.terms.hours})
    if changed:
        audit.record(
            session, actor=actor, action="scheme_hours_brought", subject=scheme.id, now=now, contracts=len(changed)
        )
    for bank_id in sorted({bank_id for one in changed for bank_id in _banks(session, one)}):
        access_changed(session, bank_id)
    return len(changed)


def _banks(session: Session, signed: Contract | Membership) -> Iterable[str]:
    """Whose lists it stands in."""
    if isinstance(signed, Contract):
        return {held.locker.bank_id for held in signed.holdings}
    return session.scalars(
        select(Locker.bank_id)
        .join(Loan, Loan.locker_id == Locker.id)
        .where(Loan.membership_id == signed.id, Loan.checked_at.is_(None), Loan.cancelled_at.is_(None))
    )
