"""Police requests and leaves as the API takes and gives them."""

from datetime import date

from pydantic import Field

from gateway.care.files import MAX_NOTE
from gateway.edge import Schema
from gateway.incidents.codes import Asked, Authority, LegalBasis
from gateway.incidents.police import MAX_SUBJECTS
from gateway.incidents.request_models import PoliceRequest
from gateway.incidents.schemas import At


class PoliceRequestIn(Schema):
    """Who asks, on what legal basis, about whom, for what, within [from_at, until_at)."""

    site_id: str = Field(max_length=36)
    authority: Authority
    legal_basis: LegalBasis
    reference: str = Field(min_length=1, max_length=200)
    officer: str | None = Field(None, max_length=200)
    received_on: date
    people: list[str] = Field(min_length=1, max_length=MAX_SUBJECTS)
    scope: list[Asked] = Field(min_length=1, max_length=len(Asked))
    from_at: At
    until_at: At
    note: str | None = Field(None, max_length=MAX_NOTE)


class DecideRequestIn(Schema):
    """Granted or refused, and why."""

    granted: bool
    note: str | None = Field(None, max_length=MAX_NOTE)


class HandedOutOut(Schema):
    """One handing out: when, by whom, how many rows, and the SHA-256 of what left."""

    id: str
    rows: int
    sha256: str
    made_by: str
    made_at: int


class PoliceRequestOut(Schema):
    """A request, its scope, what was decided, and what was handed out on it."""

    id: str
    site_id: str
    authority: str
    legal_basis: str
    reference: str
    officer: str | None
    note: str | None
    received_on: date
    people: list[str]
    scope: list[str]
    from_at: int
    until_at: int
    recorded_by: str
    recorded_at: int
    granted: bool | None
    decision_note: str | None
    decided_by: str | None
    decided_at: int | None
    handed_out: list[HandedOutOut]


class LeaveIn(Schema):
    """Who is away, both days included, and who stands in."""

    staff_id: str = Field(max_length=36)
    stand_in_id: str = Field(max_length=36)
    from_on: date
    until_on: date


class StandInIn(Schema):
    """Who stands in from now on."""

    stand_in_id: str = Field(max_length=36)


class LeaveOut(Schema):
    """A leave and its stand-in."""

    id: str
    staff_id: str
    stand_in_id: str
    from_on: date
    until_on: date
    cancelled_at: int | None


class ActingOut(Schema):
    """Who sees to a worker's people on a day."""

    staff_id: str
    acting_id: str
    day: date


def request_out(request: PoliceRequest) -> PoliceRequestOut:
    """With the people it names."""
    values = {name: getattr(request, name) for name in PoliceRequestOut.model_fields if name != "people"}
    values["handed_out"] = [HandedOutOut.model_validate(one) for one in request.handed_out]
    return PoliceRequestOut(people=[one.person_id for one in request.subjects], **values)
