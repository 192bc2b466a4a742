"""Hazards and the override key over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.errors import InvalidError
from gateway.events.schemas import EventOut
from gateway.incidents import hazards, override_key
from gateway.incidents.models import Hazard
from gateway.incidents.override_key import Forced
from gateway.incidents.schemas import (
    ForcedOut,
    HazardIn,
    HazardOut,
    InspectIn,
    NoticeIn,
    OverrideIn,
    OverrideOut,
    ReportedOut,
    hazard_out,
    override_out,
)
from gateway.problems import responses
from gateway.staff.service import SignedIn

router = APIRouter(tags=["incidents"])
HazardId = Annotated[str, Path(max_length=36)]
BankId = Annotated[str, Query(max_length=40)]
_CHANGES = responses(404, 409)


@router.get("/hazards", summary="Hazards", responses=responses())
def list_hazards(
    database: Db,
    caller: Caller,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    after: After = None,
    limit: Limit = PAGE,
) -> PageOut[HazardOut]:
    """Of the sites that the caller sees."""
    with database.reading() as session:
        page = hazards.list_hazards(session, actor=caller.staff_id, is_open=is_open, after=after, limit=limit)
        return PageOut(items=[_hazard(session, one, caller) for one in page.items], next=page.next)


@router.post("/hazards", status_code=201, summary="Report a hazard", responses=_CHANGES)
def report(database: Db, caller: Caller, now: Now, told: HazardIn) -> ReportedOut:
    """It asks for an inspection with a witness; it opens nothing by itself."""
    with database.writing() as session:
        hazard = hazards.report(
            session, bank_id=told.bank, number=told.number, kind=told.kind, text=told.note, actor=caller.staff_id,
            now=now,
        )  # fmt: skip
        return ReportedOut(id=hazard.id)


@router.post("/hazards/{hazard_id}/inspect", summary="Write down the inspection", responses=_CHANGES)
def inspect(database: Db, caller: Caller, now: Now, hazard_id: HazardId, seen: InspectIn) -> HazardOut:
    """What two saw, and what they did."""
    with database.writing() as session:
        hazard = hazards.inspect(
            session, hazard_id, witness_kind=seen.witness_kind, witness=seen.witness, found=seen.found,
            action=seen.action, text=seen.note, at=seen.at, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return _hazard(session, hazard, caller)


@router.post("/hazards/{hazard_id}/notice", summary="Write the notice", responses=_CHANGES)
def notice(database: Db, caller: Caller, now: Now, hazard_id: HazardId, written: NoticeIn) -> HazardOut:
    """For whose locker it is; the light at the door says that a message waits."""
    with database.writing() as session:
        told = hazards.tell(session, hazard_id, text=written.text, actor=caller.staff_id, now=now)
        return _hazard(session, told, caller)


@router.post("/hazards/{hazard_id}/close", summary="Close a hazard", responses=_CHANGES)
def close(database: Db, caller: Caller, now: Now, hazard_id: HazardId) -> HazardOut:
    """Once it was inspected and told."""
    with database.writing() as session:
        return _hazard(session, hazards.close(session, hazard_id, actor=caller.staff_id, now=now), caller)


@router.get("/override-uses", summary="Declared uses of the override key", responses=responses(404))
def list_uses(
    database: Db, caller: Caller, bank: BankId, after: After = None, limit: Limit = PAGE
) -> PageOut[OverrideOut]:
    """Of one bank, in the order in which they were declared."""
    with database.reading() as session:
        page = override_key.list_uses(session, bank, actor=caller.staff_id, after=after, limit=limit)
        return PageOut(items=[override_out(one) for one in page.items], next=page.next)


@router.post("/override-uses", status_code=201, summary="Declare the override key", responses=_CHANGES)
def declare(database: Db, caller: Caller, now: Now, used: OverrideIn) -> OverrideOut:
    """Afterwards: it explains the entries `door_forced` of that time, also those that arrive later."""
    with database.writing() as session:
        use = override_key.declare(
            session, bank_id=used.bank, number=used.number, from_at=used.from_at, until_at=used.until_at,
            reason=used.reason, witness_kind=used.witness_kind, text=used.note, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return override_out(use)


@router.get("/forced-entries", summary="Doors forced, explained or not", responses=responses(404))
def forced_entries(
    database: Db, caller: Caller, bank: BankId, after: After = None, limit: Limit = PAGE
) -> PageOut[ForcedOut]:
    """Every entry stays as the bank sent it; a declaration stands beside it."""
    with database.reading() as session:
        found = override_key.forced_entries(session, bank, actor=caller.staff_id, after=_cursor(after), limit=limit)
        return PageOut(
            items=[_out(one) for one in found], next=str(found[-1].entry.id) if len(found) == limit else None
        )


def _hazard(session: Session, hazard: Hazard, caller: SignedIn) -> HazardOut:
    """Another organisation's contract is left out."""
    seen = hazards.contract_seen(session, hazard, actor=caller.staff_id)
    return hazard_out(hazard).model_copy(update={"contract_id": seen})


def _out(one: Forced) -> ForcedOut:
    use = one.explained_by
    return ForcedOut(entry=EventOut.model_validate(one.entry), explained_by=override_out(use) if use else None)


def _cursor(after: str | None) -> int:
    if after is None:
        return 0
    if not after.isascii() or not after.isdecimal() or len(after) > 15:
        raise InvalidError("after", "that is not a cursor of this list: pass `next` of the page before")
    return int(after)
