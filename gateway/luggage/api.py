"""The luggage room over HTTP: the single sheet, things in and out, shifts at the desk, services counted."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.luggage import service, shifts
from gateway.luggage.schemas import (
    CloseIn,
    LuggageIn,
    LuggageOut,
    OutIn,
    ServiceUseIn,
    ServiceUseOut,
    SheetOut,
    ShiftIn,
    ShiftOut,
    sheet_out,
    shift_out,
)
from gateway.luggage.sheet import sheet_of
from gateway.problems import responses
from gateway.staff.scope import require_named

router = APIRouter(tags=["luggage room"])
OneId = Annotated[str, Path(max_length=36)]
_CHANGES = responses(404, 409)


@router.get("/sheets/{contract_id}", summary="The single sheet of a contract", responses=responses(404))
def sheet(database: Db, caller: Caller, now: Now, contract_id: OneId) -> SheetOut:
    """Person, contract, inventory in and out, contributions, history; no notes."""
    with database.reading() as session:
        return sheet_out(sheet_of(session, contract_id), caller.role, now)


@router.post("/luggage", status_code=201, summary="Something is left", responses=_CHANGES)
def take_in(database: Db, caller: Caller, now: Now, thing: LuggageIn) -> LuggageOut:
    """Under a contract that is in force."""
    with database.writing() as session:
        require_named(session, caller, now, contract_id=thing.contract_id)
        made = service.take_in(
            session, thing.contract_id, kind=thing.kind, quantity=thing.quantity, description=thing.description,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return LuggageOut.model_validate(made)


@router.post("/luggage/{luggage_id}/out", summary="Something goes out", responses=_CHANGES)
def take_out(database: Db, caller: Caller, now: Now, luggage_id: OneId, how_much: OutIn) -> LuggageOut:
    """Whatever the contract's state: it is theirs. Answers with the line that went out."""
    with database.writing() as session:
        gone = service.take_out(
            session, luggage_id, quantity=how_much.quantity, actor=caller.staff_id, now=now
        )  # fmt: skip
        return LuggageOut.model_validate(gone)


@router.get("/shifts", summary="Shifts at the desk")
def list_shifts(
    database: Db,
    caller: Caller,
    site: Annotated[str | None, Query(max_length=36)] = None,
    after: After = None,
    limit: Limit = PAGE,
) -> PageOut[ShiftOut]:
    """In the order in which they were opened."""
    with database.reading() as session:
        page = shifts.list_shifts(
            session, site_id=site, organisation_id=caller.organisation_id, after=after, limit=limit
        )
        return PageOut(items=[shift_out(one, shifts.counts(session, one)) for one in page.items], next=page.next)


@router.post("/shifts", status_code=201, summary="Open a shift", responses=_CHANGES)
def open_shift(database: Db, caller: Caller, now: Now, wanted: ShiftIn) -> ShiftOut:
    """Your own; one that is open at that site already is answered as it stands."""
    with database.writing() as session:
        made = shifts.open_shift(
            session, site_id=wanted.site_id, staff_id=caller.staff_id, float_cents=wanted.float_cents,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return shift_out(made, shifts.counts(session, made))


@router.get("/shifts/{shift_id}", summary="One shift", responses=responses(404))
def shift(database: Db, _caller: Caller, shift_id: OneId) -> ShiftOut:
    """With what happened in it."""
    with database.reading() as session:
        found = shifts.shift_of(session, shift_id)
        return shift_out(found, shifts.counts(session, found))


@router.post("/shifts/{shift_id}/close", summary="Close a shift", responses=_CHANGES)
def close_shift(database: Db, caller: Caller, now: Now, shift_id: OneId, closing: CloseIn) -> ShiftOut:
    """A difference in the cash is shown, never charged."""
    with database.writing() as session:
        closed = shifts.close_shift(
            session, shift_id, counted_cents=closing.counted_cents, note=closing.note, actor=caller.staff_id, now=now
        )
        return shift_out(closed, shifts.counts(session, closed))


@router.post("/service-uses", status_code=201, summary="A shower, a consultation, ...", responses=responses(404))
def count_service(database: Db, caller: Caller, now: Now, used: ServiceUseIn) -> ServiceUseOut:
    """Counted for the shift you have open, if you have one."""
    with database.writing() as session:
        if used.person_id is not None:
            require_named(session, caller, now, person_id=used.person_id)
        made = service.count_service(
            session, site_id=used.site_id, service=used.service, count=used.count, person_id=used.person_id,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return ServiceUseOut.model_validate(made)


@router.post("/service-uses/{use_id}/undo", summary="It was a slip of the hand", responses=responses(404))
def undo_service(database: Db, caller: Caller, now: Now, use_id: OneId) -> ServiceUseOut:
    """It counts no more."""
    with database.writing() as session:
        return ServiceUseOut.model_validate(
            service.undo_service(session, use_id, actor=caller.staff_id, now=now)
        )  # fmt: skip
