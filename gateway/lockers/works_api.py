"""Works and winding down over HTTP, and who must move because of them."""

from typing import Annotated

from fastapi import APIRouter, Path

from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.lockers import winding_down, works
from gateway.lockers.places_schemas import MoveOut, PlaceOut, WindDownIn, WorksIn, WorksOut
from gateway.lockers.service import bank_of
from gateway.paging import in_pages
from gateway.problems import responses
from gateway.staff.scope import is_own

router = APIRouter(prefix="/banks/{bank}", tags=["places"])
BankId = Annotated[str, Path(max_length=40)]


@router.get("/works", summary="Works ahead", responses=responses(404))
def list_works(
    database: Db, _caller: Caller, now: Now, bank: BankId, after: After = None, limit: Limit = PAGE
) -> PageOut[WorksOut]:
    """Of the bank and of its lockers, the nearest first."""
    with database.reading() as session:
        page = in_pages(works.works_ahead(session, bank, now), lambda one: one.id, after=after, limit=limit)
        return PageOut(items=[WorksOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/works", status_code=201, summary="Plan works", responses=responses(404))
def plan_works(database: Db, caller: Caller, now: Now, bank: BankId, plan: WorksIn) -> WorksOut:
    """No new contract begins on those days; no door is shut."""
    with database.writing() as session:
        made = works.plan_works(
            session, bank, number=plan.number, first_on=plan.first_on, last_on=plan.last_on, reason=plan.reason,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return WorksOut.model_validate(made)


@router.post("/works/{works_id}/end", summary="Works are over, or called off", responses=responses(404))
def end_works(
    database: Db, caller: Caller, now: Now, bank: BankId, works_id: Annotated[str, Path(max_length=36)]
) -> WorksOut:
    """The lockers can be given again."""
    with database.writing() as session:
        ended = works.end_works(session, works_id, bank_id=bank, actor=caller.staff_id, now=now)
        return WorksOut.model_validate(ended)


@router.post("/wind-down", summary="No new contracts", responses=responses(404))
def wind_down(database: Db, caller: Caller, now: Now, bank: BankId, plan: WindDownIn) -> PlaceOut:
    """The contracts that are there go on, and are listed until they have moved."""
    with database.writing() as session:
        return PlaceOut.model_validate(
            winding_down.wind_down(session, bank, closes_on=plan.closes_on, actor=caller.staff_id, now=now)
        )


@router.post("/keep", summary="The bank is kept after all", responses=responses(404))
def keep(database: Db, caller: Caller, now: Now, bank: BankId) -> PlaceOut:
    """It takes new contracts again."""
    with database.writing() as session:
        return PlaceOut.model_validate(winding_down.keep(session, bank, actor=caller.staff_id, now=now))


@router.get("/to-move", summary="Contracts that must move", responses=responses(404))
def to_move(
    database: Db, caller: Caller, now: Now, bank: BankId, after: After = None, limit: Limit = PAGE
) -> PageOut[MoveOut]:
    """Of one's own people, because of works or of winding down, by the number of the locker."""
    with database.reading() as session:
        bank_of(session, bank)
        every = winding_down.to_move(session, now, bank_id=bank)
        found = [one for one in every if is_own(session, caller.organisation_id, "contract_id", one.contract_id)]
        page = in_pages(found, lambda one: one.contract_id, after=after, limit=limit)
        return PageOut(items=[MoveOut.model_validate(one) for one in page.items], next=page.next)
