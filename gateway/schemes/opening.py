"""New opening hours for contracts that were signed under others: a decision of its own, never a side effect."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.changes import access_changed
from gateway.audit import service as audit
from gateway.contracts.models import Contract
from gateway.schemes.service import scheme_of


def bring_hours(session: Session, scheme_id: str, *, actor: str, now: int) -> int:
    """Every contract of the scheme that is not over gets the scheme's present hours; how many changed.

    The house's doors open at one time for all; no other term of a signed contract changes.
    Raises NotFoundError (`scheme`).
    """
    scheme = scheme_of(session, scheme_id)
    running = session.scalars(
        select(Contract).where(Contract.scheme_id == scheme.id, Contract.collect_until > now)
    ).unique()
    changed = [contract for contract in running if contract.terms.hours != scheme.terms.hours]
    for contract in changed:
        contract.terms = contract.terms.model_copy(update={"hours": scheme.terms.hours})
    if changed:
        audit.record(
            session, actor=actor, action="scheme_hours_brought", subject=scheme.id, now=now, contracts=len(changed)
        )
    for bank_id in sorted({held.locker.bank_id for contract in changed for held in contract.holdings}):
        access_changed(session, bank_id)
    return len(changed)
