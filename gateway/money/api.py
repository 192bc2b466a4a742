"""Deposits, advances and contributions over HTTP; each movement answers with its receipt."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from gateway.contracts.service import contract_of
from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.errors import ConflictError
from gateway.luggage.shifts import present_id
from gateway.money import contributions, service
from gateway.money.schemas import ClaimIn, ClaimOut, ContributionIn, ForgiveIn, MoneyIn, MovementOut, claim_out
from gateway.problems import responses
from gateway.staff.scope import require_named

router = APIRouter(tags=["money"])
ClaimId = Annotated[str, Path(max_length=36)]
_CHANGES = responses(404, 409)


@router.get("/claims", summary="Deposits, advances and contributions")
def list_claims(
    database: Db,
    caller: Caller,
    person: Annotated[str | None, Query(max_length=36)] = None,
    contract: Annotated[str | None, Query(max_length=36)] = None,
    after: After = None,
    limit: Limit = PAGE,
) -> PageOut[ClaimOut]:
    """In the order in which they were opened."""
    with database.reading() as session:
        page = service.list_claims(
            session,
            person_id=person,
            contract_id=contract,
            organisation_id=caller.organisation_id,
            after=after,
            limit=limit,
        )
        return PageOut(items=[claim_out(one) for one in page.items], next=page.next)


@router.post("/claims", status_code=201, summary="Ask for a deposit or contribution, pay out an advance",
             responses=_CHANGES)  # fmt: skip
def open_claim(database: Db, caller: Caller, now: Now, wanted: ClaimIn) -> ClaimOut:
    """An advance is paid out with it: its first receipt."""
    with database.writing() as session:
        require_named(session, caller, now, person_id=wanted.person_id)
        made = service.open_claim(
            session, **wanted.model_dump(), shift_id=present_id(session, caller.staff_id), actor=caller.staff_id,
            now=now,
        )  # fmt: skip
        return claim_out(made)


@router.post("/claims/contribution", status_code=201, summary="Ask for today's contribution", responses=_CHANGES)
def ask_contribution(database: Db, caller: Caller, now: Now, wanted: ContributionIn) -> ClaimOut:
    """What the contract's scheme asks for in this period; refused if there is nothing to ask."""
    with database.writing() as session:
        require_named(session, caller, now, contract_id=wanted.contract_id)
        contract = contract_of(session, wanted.contract_id)
        made = contributions.ask(session, contract, actor=caller.staff_id, now=now)
        if made is None:
            raise ConflictError("asked_already", "nothing is asked for today, or it was asked for already")
        return claim_out(made)


@router.get("/claims/{claim_id}", summary="One of them", responses=responses(404))
def claim(database: Db, _caller: Caller, claim_id: ClaimId) -> ClaimOut:
    """With its receipts and what is open."""
    with database.reading() as session:
        return claim_out(service.claim_of(session, claim_id))


@router.post("/claims/{claim_id}/receive", status_code=201, summary="Money came in", responses=_CHANGES)
def receive(database: Db, caller: Caller, now: Now, claim_id: ClaimId, money: MoneyIn) -> MovementOut:
    """Never more than is open."""
    with database.writing() as session:
        made = service.receive(
            session, claim_id, cents=money.cents, means=money.means, note=money.note,
            shift_id=present_id(session, caller.staff_id), actor=caller.staff_id, now=now,
        )  # fmt: skip
        return MovementOut.model_validate(made)


@router.post("/claims/{claim_id}/refund", status_code=201, summary="Money goes back", responses=_CHANGES)
def refund(database: Db, caller: Caller, now: Now, claim_id: ClaimId, money: MoneyIn) -> MovementOut:
    """Never more than was received."""
    with database.writing() as session:
        made = service.refund(
            session, claim_id, cents=money.cents, means=money.means, note=money.note,
            shift_id=present_id(session, caller.staff_id), actor=caller.staff_id, now=now,
        )  # fmt: skip
        return MovementOut.model_validate(made)


@router.post("/claims/{claim_id}/waive", status_code=201, summary="Waive a contribution", responses=_CHANGES)
def waive(database: Db, caller: Caller, now: Now, claim_id: ClaimId, why: ForgiveIn) -> MovementOut:
    """Whoever is at the desk may do this: nobody is turned away for a contribution."""
    with database.writing() as session:
        made = service.waive(
            session, claim_id, reason=why.reason, cents=why.cents, note=why.note,
            shift_id=present_id(session, caller.staff_id), actor=caller.staff_id, now=now,
        )  # fmt: skip
        return MovementOut.model_validate(made)


@router.post("/claims/{claim_id}/forgive", status_code=201, summary="Forgive", responses=_CHANGES)
def forgive(database: Db, caller: Caller, now: Now, claim_id: ClaimId, why: ForgiveIn) -> MovementOut:
    """What is open, or a part of it, is not asked for any more."""
    with database.writing() as session:
        made = service.forgive(
            session, claim_id, reason=why.reason, cents=why.cents, note=why.note,
            shift_id=present_id(session, caller.staff_id), actor=caller.staff_id, now=now,
        )  # fmt: skip
        return MovementOut.model_validate(made)


@router.post("/receipts/{movement_id}/void", summary="A receipt written by mistake", responses=_CHANGES)
def make_void(database: Db, caller: Caller, now: Now, movement_id: Annotated[str, Path(max_length=36)]) -> MovementOut:
    """It keeps its number and counts no more."""
    with database.writing() as session:
        return MovementOut.model_validate(service.make_void(session, movement_id, actor=caller.staff_id, now=now))
