"""Lockers and banks as the API gives them."""

from enum import StrEnum

from pydantic import Field

from gateway.access.commands import OPEN_REASONS
from gateway.edge import Schema

OpenReason = StrEnum("OpenReason", {name: name for name in OPEN_REASONS})  # type: ignore[misc]


class OpenIn(Schema):
    """Why a locker is opened for someone."""

    reason: OpenReason = Field(examples=["holder_present"])


class LockerOut(Schema):
    """One door.

    `state`: forced, tampered, jammed, open_too_long, ajar, open, offline, out_of_service, to_empty, occupied,
    tools, free.
    """

    bank: str
    number: int
    size: str | None
    state: str
    occupancy: str
    door: str
    fault: str | None
    out_of_service: bool
    online: bool
    pending: bool
    since: int | None
    as_of: int | None
    last_opened_at: int | None
    contract_id: str | None
    person_id: str | None
    contract_state: str | None
    collect_until: int | None


class BankOut(Schema):
    """One bank; `pending`: a change has not reached its controller yet; `held`: it waits to be reconciled."""

    id: str
    name: str
    site_id: str
    site: str
    zone: str
    joined: bool
    online: bool
    status_at: int | None
    held: bool
    pending: bool
    list_in_force: int
    list_in_force_since: int | None
    list_issued: int
