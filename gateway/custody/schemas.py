"""Safekeeping and readiness as the API takes and gives them."""

from datetime import date

from pydantic import Field

from gateway.custody.codes import Check, DisposalReason, Outcome, Recipient, Step, Thing, Witness
from gateway.custody.models import Custody
from gateway.custody.readiness import Readiness
from gateway.custody.service import step_of
from gateway.custody.waiting import Awaited
from gateway.edge import Schema

_ID = Field(min_length=1, max_length=36)
_NOTE = Field(None, max_length=500)


class CustodyIn(Schema):
    """What an ended contract left in its locker (the last one it had) is taken out."""

    contract_id: str = _ID
    locker_id: str | None = Field(None, max_length=36, description="another of the lockers it had")


class ThingIn(Schema):
    """One line of an inventory."""

    kind: Thing = Field(examples=["papers"])
    quantity: int = Field(1, ge=1, le=1_000)
    description: str | None = _NOTE


class WitnessIn(Schema):
    """Who or what bears the inventory out."""

    witness: Witness = Field(examples=["colleague"])
    name: str | None = Field(None, max_length=200, description="of a colleague or partner")
    photographs_kept: str | None = Field(None, max_length=500, description="where the photographs are")


class StoreIn(Schema):
    """Where it is put; the label is made if none is given."""

    place: str = Field(min_length=1, max_length=100, examples=["Shelf 3"])
    label: str | None = Field(None, max_length=40, examples=["D-0007"])


class PlaceIn(Schema):
    """Another shelf."""

    place: str = Field(min_length=1, max_length=100)


class KeepLongerIn(Schema):
    """The new last day of keeping."""

    keep_until: date


class GiveBackIn(Schema):
    """To whom, and which lines (all that are still kept, if none are named)."""

    recipient: Recipient = Field(examples=["holder"])
    things: list[str] = Field(default=[], max_length=500)
    note: str | None = Field(None, max_length=500, description="how they were recognised; needed but for the holder")


class DisposeIn(Schema):
    """Why things are disposed of."""

    reason: DisposalReason = Field(examples=["kept_long_enough"])
    note: str | None = Field(None, max_length=500, description="needed for papers, medicine, money, keys, photographs")


class ThingOut(Schema):
    """One line, and what became of it."""

    id: str
    kind: Thing
    quantity: int
    description: str | None
    outcome: Outcome | None
    outcome_at: int | None
    outcome_by: str | None
    recipient: Recipient | None
    reason: DisposalReason | None
    outcome_note: str | None


class CustodyOut(Schema):
    """Belongings in safekeeping; `step` is what is to be done next. Without a contract nobody knows whose they are."""

    id: str
    contract_id: str | None
    locker_id: str
    step: Step
    begun_at: int
    begun_by: str
    witness: Witness | None
    witness_name: str | None
    photographs_kept: str | None
    witnessed_at: int | None
    label: str | None
    place: str | None
    stored_at: int | None
    keep_until: date | None
    closed_at: int | None
    things: list[ThingOut]


class ChecksIn(Schema):
    """What was seen with one's own eyes."""

    checks: list[Check] = Field(min_length=1, max_length=3, examples=[["empty", "cleaned", "lock"]])


class ReadinessOut(Schema):
    """Whether a locker can be given again; `lacking` is what nobody has confirmed since its last holder.

    `used_at`: since when it is known that somebody used it who is not known here as its holder, until all is confirmed.
    """

    ready: bool
    left_at: int | None
    lacking: list[Check]
    custody_id: str | None
    used_at: int | None


class AwaitedOut(Schema):
    """A contract that starts while its locker is not ready; `lacking` is empty while its earlier holder has it."""

    contract_id: str
    person_id: str
    bank: str
    number: int
    from_at: int
    lacking: list[Check]
    custody_id: str | None


def custody_out(custody: Custody) -> CustodyOut:
    """As the API shows it."""
    shown = {name: getattr(custody, name) for name in CustodyOut.model_fields if name not in ("step", "things")}
    things = [ThingOut.model_validate(thing) for thing in custody.things]
    return CustodyOut(step=step_of(custody), things=things, **shown)


def readiness_out(found: Readiness) -> ReadinessOut:
    """As the API shows it."""
    return ReadinessOut(
        ready=found.ready, left_at=found.left_at, lacking=list(found.lacking), custody_id=found.custody_id,
        used_at=found.used_at,
    )  # fmt: skip


def awaited_out(one: Awaited) -> AwaitedOut:
    """As the API shows it."""
    locker = one.holding.locker
    return AwaitedOut(
        contract_id=one.contract.id, person_id=one.contract.person_id, bank=locker.bank_id, number=locker.number,
        from_at=one.holding.from_at, lacking=list(one.found.lacking), custody_id=one.found.custody_id,
    )  # fmt: skip
