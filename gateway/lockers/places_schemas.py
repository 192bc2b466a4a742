"""Organisations, sites, banks' roles, allotments and works as the API takes and gives them."""

from datetime import date
from typing import Literal

from pydantic import Field

from gateway.edge import Schema
from gateway.lockers.roles import Role
from gateway.lockers.works import Reason

_ID = Field(min_length=1, max_length=36)
_NAME = Field(min_length=1, max_length=200)
_NUMBER = Field(ge=1, le=99_999)


class OrganisationIn(Schema):
    """A charity, a city or another body, by its name."""

    name: str = _NAME


class OrganisationOut(Schema):
    """One organisation."""

    id: str
    name: str
    created_at: int


class SiteIn(Schema):
    """A place; its days begin in `zone`."""

    organisation_id: str = _ID
    name: str = _NAME
    zone: str = Field("Europe/Paris", max_length=64, examples=["Europe/Lisbon"])


class SiteOut(Schema):
    """One place."""

    id: str
    organisation_id: str
    name: str
    zone: str
    created_at: int


class BankIn(Schema):
    """A row of lockers; a manual one never gets a controller, only lockers whose `lock` is `key`."""

    id: str = Field(min_length=1, max_length=40, examples=["clermont-1"])
    site_id: str = _ID
    name: str = _NAME


class PlaceOut(Schema):
    """One bank as a place; `closes_on`: its last day, while it winds down."""

    id: str
    site_id: str
    name: str
    winding_down_since: int | None
    closes_on: date | None


class LockersIn(Schema):
    """Lockers `first` to `last`, all alike; those the bank has already stay as they are."""

    first: int = _NUMBER
    last: int = _NUMBER
    size: str | None = Field(None, max_length=16, examples=["M"])
    litres: int | None = Field(None, ge=1, le=100_000, examples=[1_000])
    lock: Literal["badge", "key"] = "badge"
    since: int | None = Field(None, ge=0, le=2**53 - 1, description="in service from this instant, if not from now")


class MeasureIn(Schema):
    """What staff call its size, and its volume."""

    size: str | None = Field(None, max_length=16)
    litres: int | None = Field(None, ge=1, le=100_000)


class LockIn(Schema):
    """What opens the locker from now on."""

    lock: Literal["badge", "key"]


class LockerPlaceOut(Schema):
    """One locker as a thing: how large, what opens it, in service from when to when."""

    bank_id: str
    number: int
    size: str | None
    litres: int | None
    lock: str
    in_service_since: int
    retired_at: int | None


class RoleIn(Schema):
    """What an organisation is to the bank."""

    organisation_id: str = _ID
    role: Role


class RoleOut(Schema):
    """A role given."""

    bank_id: str
    organisation_id: str
    role: Role
    since: int


class AllotIn(Schema):
    """A locker for one organisation's people from now on, to the end of `until_on` if there is one."""

    number: int = _NUMBER
    organisation_id: str = _ID
    until_on: date | None = None


class AllotmentOut(Schema):
    """One allotment."""

    id: str
    bank: str
    number: int
    organisation_id: str
    from_at: int
    until_at: int | None


class WorksIn(Schema):
    """Works from the first to the last day; on the whole bank if no number is given."""

    number: int | None = Field(None, ge=1, le=99_999)
    first_on: date
    last_on: date
    reason: Reason


class WorksOut(Schema):
    """Works that are planned or under way."""

    id: str
    bank_id: str
    locker_id: str | None
    from_at: int
    until_at: int
    reason: Reason
    cancelled_at: int | None


class WindDownIn(Schema):
    """The bank's last day, if it is known."""

    closes_on: date | None = None


class MoveOut(Schema):
    """A contract that must find another locker, why, and until when it may stay."""

    contract_id: str
    person_id: str
    bank: str
    number: int
    why: Literal["winding_down", "works"]
    by: int | None
