"""Money as the API takes and gives it: always euro cents."""

from datetime import date

from pydantic import Field

from gateway.edge import Schema
from gateway.money.balance import balance
from gateway.money.codes import ForgivenReason, Kind, Means, Movement
from gateway.money.models import Claim

_ID = Field(min_length=1, max_length=36)
_CENTS = Field(ge=1, le=1_000_000, examples=[300])
_PART = Field(None, ge=1, le=1_000_000, description="all of it, if left out")
_NOTE = Field(None, max_length=500)


class ClaimIn(Schema):
    """A deposit asked for, an advance paid out, or a contribution."""

    person_id: str = _ID
    contract_id: str | None = Field(None, max_length=36)
    kind: Kind
    cents: int = _CENTS
    due_on: date | None = None
    means: Means = Field(Means.CASH, description="how an advance is paid out")
    note: str | None = _NOTE


class ContributionIn(Schema):
    """Whose contribution of today is asked for."""

    contract_id: str = _ID


class MoneyIn(Schema):
    """Money that moved."""

    cents: int | None = _PART
    means: Means = Means.CASH
    note: str | None = _NOTE


class ForgiveIn(Schema):
    """What is not asked any more, and why."""

    reason: ForgivenReason = Field(examples=["no_means"])
    cents: int | None = _PART
    note: str | None = _NOTE


class MovementOut(Schema):
    """One receipt; `receipt` is its number within the organisation."""

    id: str
    claim_id: str
    receipt: int
    movement: Movement
    cents: int
    means: Means | None
    reason: ForgivenReason | None
    note: str | None
    at: int
    by: str
    void_at: int | None


class BalanceOut(Schema):
    """`owed`: what may still be asked for; `held`: deposits kept for the person."""

    received: int
    forgiven: int
    refunded: int
    owed: int
    held: int


class ClaimOut(Schema):
    """One deposit, advance or contribution with its receipts and what is open."""

    id: str
    person_id: str
    contract_id: str | None
    kind: Kind
    cents: int
    period: str | None
    due_on: date | None
    note: str | None
    opened_at: int
    balance: BalanceOut
    movements: list[MovementOut]


def claim_out(claim: Claim) -> ClaimOut:
    """As the API shows it."""
    shown = {name: getattr(claim, name) for name in ClaimOut.model_fields if name not in ("balance", "movements")}
    return ClaimOut(
        balance=BalanceOut.model_validate(balance(claim)),
        movements=[MovementOut.model_validate(one) for one in claim.movements],
        **shown,
    )
