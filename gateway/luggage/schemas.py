"""The luggage room as the API takes and gives it."""

from collections.abc import Mapping

from pydantic import Field

from gateway.contracts.schemas import ContractOut, contract_seen
from gateway.custody.codes import Thing
from gateway.custody.schemas import CustodyOut, custody_out
from gateway.edge import Schema
from gateway.luggage.codes import DeskService
from gateway.luggage.models import DeskShift
from gateway.luggage.sheet import Sheet
from gateway.luggage.shifts import Counts
from gateway.money.schemas import BalanceOut, ClaimOut, claim_out

_ID = Field(min_length=1, max_length=36)


class LuggageIn(Schema):
    """Something is left under a contract."""

    contract_id: str = _ID
    kind: Thing = Field(examples=["bag"])
    quantity: int = Field(1, ge=1, le=1_000)
    description: str | None = Field(None, max_length=500, examples=["blue, with a broken zip"])


class OutIn(Schema):
    """How much of it goes out; all of it, if left out."""

    quantity: int | None = Field(None, ge=1, le=1_000)


class LuggageOut(Schema):
    """One thing, here while `out_at` is null."""

    id: str
    contract_id: str
    kind: Thing
    quantity: int
    description: str | None
    in_at: int
    in_by: str
    out_at: int | None
    out_by: str | None


class ShiftIn(Schema):
    """A shift begins, with so much cash in the box."""

    site_id: str = _ID
    float_cents: int = Field(0, ge=0, le=10_000_000)


class CloseIn(Schema):
    """A shift ends; the cash as it was counted, if it was."""

    counted_cents: int | None = Field(None, ge=0, le=10_000_000)
    note: str | None = Field(None, max_length=500)


class CountsOut(Schema):
    """One shift in figures."""

    people: int
    things_in: int
    things_out: int
    services: Mapping[str, int]
    cash_cents: int
    forgiven_cents: int
    expected_cents: int


class ShiftOut(Schema):
    """One shift at a desk, and what happened in it so far."""

    id: str
    site_id: str
    staff_id: str
    opened_at: int
    closed_at: int | None
    float_cents: int
    counted_cents: int | None
    counts: CountsOut


class ServiceUseIn(Schema):
    """A service used, by someone or by nobody in particular."""

    site_id: str = _ID
    service: DeskService = Field(examples=["shower"])
    count: int = Field(1, ge=1, le=1_000)
    person_id: str | None = Field(None, max_length=36)


class ServiceUseOut(Schema):
    """One count."""

    id: str
    site_id: str
    service: DeskService
    count: int
    person_id: str | None
    at: int
    undone_at: int | None


class HappenedOut(Schema):
    """One line of the history: `what` and `detail` are codes, `count` pieces or cents."""

    at: int
    what: str
    detail: str | None
    count: int | None


class SheetOut(Schema):
    """The single sheet of a contract."""

    person_name: str
    contract: ContractOut
    inside: list[LuggageOut]
    gone: list[LuggageOut]
    claims: list[ClaimOut]
    balance: BalanceOut
    custodies: list[CustodyOut]
    history: list[HappenedOut]


def shift_out(shift: DeskShift, counts: Counts) -> ShiftOut:
    """As the API shows it; its note stays with whoever may see notes."""
    shown = {name: getattr(shift, name) for name in ShiftOut.model_fields if name != "counts"}
    return ShiftOut(counts=CountsOut.model_validate(counts), **shown)


def sheet_out(sheet: Sheet, role: str, now: int) -> SheetOut:
    """As the API shows it to that role: without notes, which peers at the desk must not see."""
    claims = [claim_out(claim) for claim in sheet.claims]
    bare = [
        one.model_copy(
            update={"note": None, "movements": [move.model_copy(update={"note": None}) for move in one.movements]}
        )
        for one in claims
    ]
    return SheetOut(
        person_name=sheet.contract.person.name,
        contract=contract_seen(sheet.contract, role, now),
        inside=[LuggageOut.model_validate(one) for one in sheet.inside],
        gone=[LuggageOut.model_validate(one) for one in sheet.gone],
        claims=bare,
        balance=BalanceOut.model_validate(sheet.balance),
        custodies=[_without_notes(custody_out(one)) for one in sheet.custodies],
        history=[HappenedOut.model_validate(one) for one in sheet.history],
    )


def _without_notes(custody: CustodyOut) -> CustodyOut:
    things = [thing.model_copy(update={"outcome_note": None}) for thing in custody.things]
    return custody.model_copy(update={"things": things, "witness_name": None, "photographs_kept": None})
