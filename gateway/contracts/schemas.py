"""Contracts as the API takes and gives them; dates are days in the site's zone, instants unix milliseconds UTC."""

from datetime import date

from pydantic import Field

from gateway.contracts.codes import DecidedBy, DespiteExclusion, Destination, EndReason, Fetch, Stability, SuspendReason
from gateway.contracts.holders import people_on
from gateway.contracts.models import Contract
from gateway.contracts.service import How
from gateway.contracts.states import State, pause_at, state_at
from gateway.custody.codes import Check
from gateway.edge import Schema
from gateway.staff.rights import Right, may

_ID = Field(min_length=1, max_length=36)
_WORKER = Field(
    None, max_length=36, description="who looks after the person; left out, their present worker, else whoever asks"
)
_DESPITE = Field(None, description="why, if the person is excluded from this site then; refused without it")


class ContractIn(Schema):
    """Contract, badge and access in one step."""

    person_id: str = _ID
    bank: str = Field(min_length=1, max_length=40, examples=["montreuil-1"])
    number: int = Field(ge=1, le=99_999, description="the number on the door", examples=[4])
    starts_on: date = Field(description="first day", examples=["2026-12-01"])
    ends_on: date = Field(description="last day", examples=["2027-11-30"])
    badge_id: str | None = Field(None, max_length=36, description="a stock badge to give, or one of theirs")
    scheme_id: str | None = Field(None, max_length=36)
    worker_id: str | None = _WORKER
    despite_exclusion: DespiteExclusion | None = _DESPITE
    draft: bool = Field(False, description="not signed yet: holds nothing, opens nothing")


class SignIn(Schema):
    """What is recorded with the signature."""

    despite_exclusion: DespiteExclusion | None = _DESPITE


class SuspendIn(Schema):
    """A decision with its reason and its end: the suspension is over when `review_on` begins.

    `fetch` says how belongings, papers and medicine are got at within 24 hours meanwhile.
    """

    reason: SuspendReason = Field(examples=["incident"])
    review_on: date = Field(examples=["2026-12-15"])
    fetch: Fetch = Field(Fetch.DESK, examples=["desk"])
    fetch_note: str | None = Field(None, max_length=500, description="where, whom to call: shown to whoever helps")
    from_on: date | None = Field(None, description="first day, if it is not from now on")
    note: str | None = Field(None, max_length=2000)


class HowIn(Schema):
    """Why and how a contract ends; "unknown" wherever nobody knows."""

    reason: EndReason = Field(examples=["own_solution"])
    more_reasons: list[EndReason] = Field(default=[], max_length=len(EndReason))
    decided_by: DecidedBy = DecidedBy.UNKNOWN
    destination: Destination = Destination.UNKNOWN
    stability: Stability = Stability.UNKNOWN
    note: str | None = Field(None, max_length=2000)

    def how(self) -> How:
        """All but the first reason, as the service takes it."""
        return How(tuple(self.more_reasons), self.decided_by, self.destination, self.stability, self.note)


class EndIn(HowIn):
    """Ends now; `collect_days` more days to collect (the scheme's grace if left out, 0 for none)."""

    collect_days: int | None = Field(None, ge=0, le=365)


class PlanEndIn(HowIn):
    """An earlier last day, from today on."""

    ends_on: date


class RenewIn(Schema):
    """A later last day; left out, one more term of the contract."""

    ends_on: date | None = None


class EmptiedIn(Schema):
    """What was seen to beside the locker being empty; without both nobody else gets it yet."""

    also: list[Check] = Field(default=[], max_length=len(Check), examples=[["cleaned", "lock"]])


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
    worker_id: str | None = _WORKER
    despite_exclusion: DespiteExclusion | None = _DESPITE


class HoldingOut(Schema):
    """A locker the contract holds in [from_at, until_at)."""

    bank: str
    number: int
    from_at: int
    until_at: int


class ContractOut(Schema):
    """A contract; `state` is derived from its dates and decisions at the moment of asking.

    `version` counts the decisions: pass it as `seen` to be told when somebody decided meanwhile. `people`: who is on it
    now. `collect_until` is null while it has no end, because someone is away or has died (`frozen`). `frozen` and
    `end_reasons` are null for whoever does not decide about contracts.
    """

    id: str
    version: int
    person_id: str
    people: list[str]
    scheme_id: str
    state: State
    starts_on: date
    ends_on: date
    from_at: int
    until_at: int
    collect_until: int | None
    frozen: bool | None
    message_waits: bool
    suspended_until: int | None
    fetch: Fetch | None
    fetch_note: str | None
    end_reasons: list[EndReason] | None
    lockers: list[HoldingOut]


def contract_out(contract: Contract, now: int) -> ContractOut:
    """The contract as of `now`."""
    pause = pause_at(contract, now)
    return ContractOut(
        id=contract.id,
        version=contract.version,
        person_id=contract.person_id,
        people=[one.person_id for one in people_on(contract, now)],
        scheme_id=contract.scheme_id,
        state=state_at(contract, now),
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
        from_at=contract.from_at,
        until_at=contract.until_at,
        collect_until=None if contract.grace_stopped_at is not None else contract.collect_until,
        frozen=contract.frozen_at is not None,
        message_waits=any(notice.given_at is None for notice in contract.notices),
        suspended_until=pause.until_at if pause else None,
        fetch=Fetch(pause.fetch) if pause else None,
        fetch_note=pause.fetch_note if pause else None,
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


def contract_seen(contract: Contract, role: str, now: int) -> ContractOut:
    """The contract as of `now`, as an account of that role may see it."""
    whole = contract_out(contract, now)
    return whole if may(role, Right.CONTRACTS) else whole.model_copy(update={"frozen": None, "end_reasons": None})
