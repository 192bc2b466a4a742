"""May a contract take this locker? What stands against it beside another contract, in one place."""

from sqlalchemy.orm import Session

from gateway.days import local_day
from gateway.errors import ConflictError
from gateway.loans.models import ToolLocker
from gateway.lockers.allotments import allotment_at
from gateway.lockers.keys import key_still_out
from gateway.lockers.models import Locker
from gateway.lockers.works import works_at


def require_room(session: Session, locker: Locker, *, organisation_id: str, contract_id: str, from_at: int) -> None:
    """Before a contract for one of the organisation's people takes the locker at `from_at`.

    Raises ConflictError: `winding_down`, `works`, `allotted` (to another organisation), `key_out` (with an earlier
    holder), `tool_locker`.
    """
    bank, zone = locker.bank, locker.bank.site.zone
    if bank.winding_down_since is not None:
        raise ConflictError("winding_down", f"{bank.name} is winding down and takes no new contracts: choose another")
    works = works_at(session, bank.id, locker.id, from_at)
    if works is not None:
        over = local_day(zone, works.until_at)
        raise ConflictError("works", f"locker {locker.number} has works until {over}: choose another, or begin then")
    if session.get(ToolLocker, locker.id) is not None:
        raise ConflictError("tool_locker", f"locker {locker.number} lends tools: choose another")
    allotment = allotment_at(session, locker.id, from_at)
    if allotment is not None and allotment.organisation_id != organisation_id:
        raise ConflictError("allotted", f"locker {locker.number} is kept for another organisation: choose another")
    out = key_still_out(session, locker.id, other_than=contract_id)
    if out is not None:
        raise ConflictError(
            "key_out",
            f"key {out.key.number} of locker {locker.number} is still with an earlier holder: take it back, or change "
            "the lock and retire the key",
        )
