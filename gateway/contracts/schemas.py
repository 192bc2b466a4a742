"""Contracts as the API takes and gives them; dates are days in the site's zone, instants unix milliseconds UTC."""

from datetime import date

from pydantic import Field

from gateway.contracts.codes import EndReason, SuspendReason
from gateway.contracts.models import Contract
from gateway.contracts.states import State, pause_at, state_at
from gateway.edge import Schema

_ID = Field(min_length=1, max_length=36)


class ContractIn(Schema):
    """Contract, badge and access in one step."""

    person_id: str = _ID
    bank: str = Field(min_length=1, max_length=40, examples=["montreuil-1"])
    number: int = Field(ge=1, le=99_999, description="the number on the door", examples=[4])
    starts_on: date = Field(description="first day", examples=["2026-12-01"])
    ends_on: date = Field(description="last day", examples=["2027-11-30"])
    badge_id: str | None = Field(None, max_length=36, description="a stock badge to give, or one of theirs")
    scheme_id: str | None = Field(None, max_length=36)
    draft: bool = Field(False, description="not signed yet: holds nothing, opens nothing")


class SuspendIn(Schema):
    """A decision with its reason and its end: the suspension is over when `review_on` begins."""

    reason: SuspendReason = Field(examples=["incident"])
    review_on: date = Field(examples=["2026-12-15"])


class EndIn(Schema):
    """Ends now; `collect_days` more days to collect (the scheme's grace if left out, 0 for none)."""

    reason: EndReason = Field(examples=["own_solution"])
    collect_days: int | None = Field(None, ge=0, le=365)


class RenewIn(Schema):
    """A later last day."""

    ends_on: date


class MoveIn(Schema):
    """Another locker of the same site; both doors open for a day."""

    bank: str = Field(min_length=1, max_length=40)
    number: int = Field(ge=1, le=99_999)


class ReassignIn(Schema):
    """The locker of an ended contract goes to someone else."""

    person_id: str = _ID
    starts_on: date
    ends_on: date
    badge_id: str | None = Field(None, max_length=36)


class HoldingOut(Schema):
    """A locker the contract holds in [from_at, until_at)."""

    bank: str
    number: int
    from_at: int
    until_at: int


class ContractOut(Schema):
    """A contract; `state` is derived from its dates and decisions at the moment of asking."""

    id: str
    person_id: str
    scheme_id: str
    state: State
    starts_on: date
    ends_on: date
    from_at: int
    until_at: int
    collect_until: int
    suspended_until: int | None
    end_reasons: list[EndReason]
    lockers: list[HoldingOut]


def contract_out(contract: Contract, now: int) -> ContractOut:
    """The contract as of `now`."""
    pause = pause_at(contract, now)
    return ContractOut(
        id=contract.id,
        person_id=contract.person_id,
        scheme_id=contract.scheme_id,
        state=state_at(contract, now),
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
        from_at=contract.from_at,
        until_at=contract.until_at,
        collect_until=contract.collect_until,
        suspended_until=pause.until_at if pause else None,
        end_reasons=[EndReason(row.reason) for row in contract.end_reasons],
        lockers=[
            HoldingOut(
                bank=holding.locker.bank_id,
                number=holding.locker.number,
                from_at=holding.from_at,
                until_at=holding.until_at,
            )
            for holding in contract.holdings
        ],
    )
