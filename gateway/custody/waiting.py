"""Contracts that start, or have started, while their locker is not ready: nobody can get in before someone looked."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.contracts.models import Contract, Holding
from gateway.contracts.repository import held_after
from gateway.custody.readiness import Readiness, readiness
from gateway.people.models import Person

# How long before the first day staff are shown that there is something to do.
AHEAD_MS = 3 * 86_400_000


@dataclass(frozen=True)
class Awaited:
    """A contract, its hold on the locker that is awaited, and what that locker lacks (nothing: it is still held)."""

    contract: Contract
    holding: Holding
    found: Readiness


def awaited(
    session: Session, now: int, *, ahead_ms: int = AHEAD_MS, organisation_id: str | None = None
) -> Sequence[Awaited]:
    """Those that start within `ahead_ms`, the first to start first."""
    query = (
        select(Holding, Contract)
        .join(Contract, Contract.id == Holding.contract_id)
        .where(Holding.waits_since.is_not(None), held_after(now), Holding.from_at <= now + ahead_ms)
        .order_by(Holding.from_at, Holding.id)
    )
    if organisation_id is not None:
        query = query.where(Contract.person.has(Person.organisation_id == organisation_id))
    return [
        Awaited(contract, holding, readiness(session, holding.locker, now))
        for holding, contract in session.execute(query).unique()
    ]
