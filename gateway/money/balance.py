"""What is open on a claim, from its movements alone: nothing is stored twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from gateway.money.codes import Kind, Movement
from gateway.money.models import Claim, MoneyMovement


@dataclass(frozen=True)
class Balance:
    """Euro cents. `owed` is what the person may still be asked for, `held` what is theirs and kept for them."""

    received: int = 0
    forgiven: int = 0
    refunded: int = 0
    owed: int = 0
    held: int = 0

    def __add__(self, other: "Balance") -> "Balance":
        return Balance(
            self.received + other.received,
            self.forgiven + other.forgiven,
            self.refunded + other.refunded,
            self.owed + other.owed,
            self.held + other.held,
        )


def balance(claim: Claim) -> Balance:
    """Of one claim. A refund is not asked for again; only deposits are held."""
    sums = dict.fromkeys(Movement, 0)
    for movement in claim.movements:
        if movement.void_at is None:
            sums[Movement(movement.movement)] += movement.cents
    received, forgiven, refunded = (sums[key] for key in (Movement.RECEIVED, Movement.FORGIVEN, Movement.REFUNDED))
    return Balance(
        received=received,
        forgiven=forgiven,
        refunded=refunded,
        owed=claim.cents - received - forgiven,
        held=received - refunded if claim.kind == Kind.DEPOSIT else 0,
    )


def total(claims: Iterable[Claim]) -> Balance:
    """Of several claims together."""
    return sum((balance(claim) for claim in claims), Balance())


def with_deposits(session: Session) -> Sequence[str]:
    """Everyone for whom a deposit is held."""
    signs = {Movement.RECEIVED: MoneyMovement.cents, Movement.REFUNDED: -MoneyMovement.cents}
    held = func.sum(case(signs, value=MoneyMovement.movement, else_=0))
    query = select(Claim.person_id).join(MoneyMovement, MoneyMovement.claim_id == Claim.id)
    query = query.where(Claim.kind == Kind.DEPOSIT, MoneyMovement.void_at.is_(None))
    return session.scalars(query.group_by(Claim.id, Claim.person_id).having(held > 0)).all()
