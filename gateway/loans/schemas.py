"""The tool library as the API takes and gives it; dates are days at the site, instants unix milliseconds UTC."""

from datetime import date
from typing import Annotated

from pydantic import Field

from gateway.edge import Schema
from gateway.loans.attention import Limit
from gateway.loans.codes import (
    Condition,
    LeftWhy,
    MovementKind,
    MovementState,
    OverLimit,
    ReminderKind,
    RetiredWhy,
    StockWhy,
    Told,
)
from gateway.loans.models import Kit, Loan, Membership, Movement, Tool
from gateway.loans.states import LoanState, state_at

Key = Annotated[str, Field(min_length=1, max_length=36)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Minute = Annotated[int, Field(ge=0, le=1440, description="minutes after local midnight")]
Cents = Annotated[int, Field(ge=0, le=100_000_000)]


class PlaceIn(Schema):
    """A locker that lends tools."""

    bank: str = Field(min_length=1, max_length=40, examples=["wattrelos-1"])
    number: int = Field(ge=1, le=99_999)


class LibraryIn(Schema):
    """Which tool library (a scheme that lends tools) a locker is for."""

    library_id: Key


class MemberIn(Schema):
    """Someone signs; for the scheme's term from today if no dates are given."""

    person_id: Key
    site_id: Key
    starts_on: date | None = None
    ends_on: date | None = None


class RenewMemberIn(Schema):
    """A later last day."""

    ends_on: date


class LeaveIn(Schema):
    """Why a membership ends."""

    why: LeftWhy = LeftWhy.UNKNOWN


class MemberOut(Schema):
    """A membership."""

    id: str
    library_id: str
    person_id: str
    name: str
    site_id: str
    starts_on: date
    ends_on: date
    ended_at: int | None
    ended_why: LeftWhy | None


class ToolIn(Schema):
    """One thing to lend; `number` is what is written on it."""

    number: str = Field(min_length=1, max_length=40)
    name: Name
    care: str | None = Field(None, max_length=1000, description="what a borrower must know")
    value_cents: Cents | None = None
    place: PlaceIn | None = None
    condition: Condition = Condition.GOOD


class ConditionIn(Schema):
    """What was seen of a tool."""

    condition: Condition


class RetireIn(Schema):
    """Why a tool is not lent any more."""

    why: RetiredWhy


class ToolOut(Schema):
    """One thing that is lent."""

    id: str
    library_id: str
    number: str
    name: str
    care: str | None
    value_cents: int | None
    condition: Condition
    retired_at: int | None
    retired_why: RetiredWhy | None


class KitIn(Schema):
    """Tools that are lent together."""

    name: Name
    tool_ids: list[Key] = Field(min_length=1, max_length=100)


class KitOut(Schema):
    """A kit with its tools."""

    id: str
    library_id: str
    name: str
    tool_ids: list[str]
    retired_at: int | None


class ConsumableIn(Schema):
    """Something that is used up; at `low_at` and below someone is alerted."""

    name: Name
    unit: str = Field(min_length=1, max_length=40, examples=["l"])
    low_at: int = Field(0, ge=0, le=1_000_000)


class ConsumableOut(Schema):
    """A stock."""

    id: str
    name: str
    unit: str
    stock: int
    low_at: int


class StockMoveIn(Schema):
    """So many come or go, as `why` says; for `counted`, how many there are."""

    quantity: int = Field(ge=0, le=1_000_000)
    why: StockWhy
    project_id: Key | None = None
    loan_id: Key | None = None
    cents: Cents | None = None


class LoanIn(Schema):
    """Tools, a kit or both, for one member; due by the terms unless said otherwise; by badge with a `place`."""

    membership_id: Key
    tool_ids: list[Key] = Field([], max_length=100)
    kit_id: Key | None = None
    from_on: date | None = None
    due_on: date | None = None
    due_minute: Minute | None = None
    place: PlaceIn | None = None
    project_id: Key | None = None
    over_limit: OverLimit | None = Field(None, description="why more is lent than the terms say")
    note: str | None = Field(None, max_length=1000)


class ExtendIn(Schema):
    """Due later; as much later as the terms lend if no day is given."""

    due_on: date | None = None
    due_minute: Minute | None = None


class SeenIn(Schema):
    """One tool that came back, and how it is."""

    tool_id: Key
    condition: Condition = Condition.GOOD


class TakeBackIn(Schema):
    """The tools that were seen; all of them, in good condition, if left out."""

    tools: list[SeenIn] | None = Field(None, max_length=100)


class TellIn(Schema):
    """How a member was reminded."""

    how: Told


class MovementOut(Schema):
    """What a door said of a loan."""

    id: str
    at: int
    kind: MovementKind
    state: MovementState


class ItemOut(Schema):
    """One tool of a loan."""

    tool_id: str
    number: str
    name: str
    taken_at: int | None
    returned_at: int | None
    condition: Condition | None


class LoanOut(Schema):
    """A loan; `state` is derived at the moment of asking."""

    id: str
    state: LoanState
    membership_id: str
    person_id: str
    project_id: str | None
    kit_id: str | None
    place: PlaceIn | None
    from_at: int
    due_at: int
    extensions: int
    over_limit: OverLimit | None
    note: str | None
    taken_at: int | None
    taken_by: str | None
    returned_at: int | None
    returned_by: str | None
    checked_at: int | None
    items: list[ItemOut]
    movements: list[MovementOut]


class DueOut(Schema):
    """A loan whose member nobody has told yet."""

    loan_id: str
    person_id: str
    kind: ReminderKind
    due_at: int


class AttentionOut(Schema):
    """A limit that is passed: what was found and what was agreed."""

    limit: Limit
    subject: str
    person_id: str | None
    found: int
    agreed: int


def member_out(row: Membership) -> MemberOut:
    """A membership with the name librarians know the person by."""
    return MemberOut(
        id=row.id, library_id=row.scheme_id, person_id=row.person_id, name=row.person.name, site_id=row.site_id,
        starts_on=row.starts_on, ends_on=row.ends_on, ended_at=row.ended_at,
        ended_why=LeftWhy(row.ended_why) if row.ended_why else None,
    )  # fmt: skip


def tool_out(row: Tool) -> ToolOut:
    """A tool."""
    return ToolOut(
        id=row.id, library_id=row.scheme_id, number=row.number, name=row.name, care=row.care,
        value_cents=row.value_cents, condition=Condition(row.condition), retired_at=row.retired_at,
        retired_why=RetiredWhy(row.retired_why) if row.retired_why else None,
    )  # fmt: skip


def kit_out(row: Kit) -> KitOut:
    """A kit."""
    return KitOut(
        id=row.id, library_id=row.scheme_id, name=row.name, tool_ids=[tool.id for tool in row.tools],
        retired_at=row.retired_at,
    )  # fmt: skip


def loan_out(row: Loan, now: int) -> LoanOut:
    """The loan as of `now`."""
    place = PlaceIn(bank=row.locker.bank_id, number=row.locker.number) if row.locker else None
    return LoanOut(
        id=row.id, state=state_at(row, now), membership_id=row.membership_id, person_id=row.membership.person_id,
        project_id=row.project_id, kit_id=row.kit_id, place=place, from_at=row.from_at, due_at=row.due_at,
        extensions=row.extensions, over_limit=OverLimit(row.over_limit) if row.over_limit else None, note=row.note,
        taken_at=row.taken_at, taken_by=row.taken_by, returned_at=row.returned_at, returned_by=row.returned_by,
        checked_at=row.checked_at,
        items=[
            ItemOut(
                tool_id=item.tool_id, number=item.tool.number, name=item.tool.name, taken_at=item.taken_at,
                returned_at=item.returned_at, condition=Condition(item.condition) if item.condition else None,
            )
            for item in row.items
        ],
        movements=[movement_out(movement) for movement in row.movements],
    )  # fmt: skip


def movement_out(row: Movement) -> MovementOut:
    """A movement."""
    return MovementOut(id=row.id, at=row.at, kind=MovementKind(row.kind), state=MovementState(row.state))
