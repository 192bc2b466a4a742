"""May a contract take this locker? What stands against it beside another contract, in one place."""

from sqlalchemy import BigInteger, String, bindparam, exists, select
from sqlalchemy.orm import Session

from gateway.days import local_day
from gateway.errors import ConflictError
from gateway.loans.models import ToolLocker
from gateway.lockers.allotments import allotment_at, in_force
from gateway.lockers.keys import key_still_out, still_out
from gateway.lockers.models import Allotment, KeyHandover, Locker, MechanicalKey, Works
from gateway.lockers.works import on_locker, works_at
from gateway.prepared import Prepared

_LOCKER, _AT = bindparam("locker", type_=String()), bindparam("at", type_=BigInteger())
# Made once, and asked at once: nearly always nothing stands against it.
_IN_THE_WAY = Prepared(
    select(
        exists().where(on_locker(bindparam("bank", type_=String()), _LOCKER, _AT)).select_from(Works),
        exists().where(ToolLocker.locker_id == _LOCKER),
        exists().where(
            Allotment.locker_id == _LOCKER,
            Allotment.organisation_id != bindparam("organisation", type_=String()),
            in_force(_AT),
        ),
        exists().where(
            MechanicalKey.id == KeyHandover.key_id, still_out(_LOCKER, bindparam("contract", type_=String()))
        ),
    )
)


def require_room(session: Session, locker: Locker, *, organisation_id: str, contract_id: str, from_at: int) -> None:
    """Before a contract for one of the organisation's people takes the locker at `from_at`.

    Raises ConflictError: `winding_down`, `works`, `allotted` (to another organisation), `key_out` (with an earlier
    holder), `tool_locker`.
    """
    bank = locker.bank
    if bank.winding_down_since is not None:
        raise ConflictError("winding_down", f"{bank.name} is winding down and takes no new contracts: choose another")
    asked = {
        "bank": bank.id, "locker": locker.id, "at": from_at, "organisation": organisation_id, "contract": contract_id,
    }  # fmt: skip
    session.flush()  # the question below does not see what is pending
    if any(_IN_THE_WAY.run(session.connection(), asked)[0]):
        _refuse(session, locker, organisation_id, contract_id, from_at)


def _refuse(session: Session, locker: Locker, organisation_id: str, contract_id: str, from_at: int) -> None:
    zone = locker.bank.site.zone
    works = works_at(session, locker.bank_id, locker.id, from_at)
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
