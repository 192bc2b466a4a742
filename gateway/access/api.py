"""Commands and reconciliation over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Body, Path

from gateway.access import commands, out_of_service, reconcile, service
from gateway.access.schemas import (
    CommandOut,
    DecideIn,
    DifferencesOut,
    OutOfServiceIn,
    command_out,
    differences_out,
)
from gateway.edge import Caller, Db, Now, OrdersIn
from gateway.problems import responses

router = APIRouter(tags=["commands"])
BankId = Annotated[str, Path(max_length=40)]
Number = Annotated[int, Path(ge=1, le=99_999)]


@router.get("/commands/{command_id}", summary="How far an order got", responses=responses(404))
def command(database: Db, _caller: Caller, now: Now, command_id: Annotated[str, Path(max_length=36)]) -> CommandOut:
    """Requested, acknowledged, observed: never an optimistic success."""
    with database.reading() as session:
        asked, latest = commands.command_of(session, command_id), commands.latest_of(session, command_id)
        return command_out(asked, latest, now)


@router.post(
    "/lockers/{bank}/{number}/out-of-service", status_code=202, summary="Take a locker out of service",
    responses=responses(404, 409, 503),
)  # fmt: skip
def take_out(
    database: Db, caller: Caller, orders: OrdersIn, now: Now, bank: BankId, number: Number, mark: OutOfServiceIn
) -> CommandOut:
    """It is given to nobody new; whoever has it opens it as before, unless stopped for some hours."""
    with database.writing() as session:
        made = out_of_service.take_out(
            session, orders, bank_id=bank, number=number, reason=mark.reason, stops_until=mark.stops_until,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return command_out(made, made, now)


@router.post(
    "/lockers/{bank}/{number}/in-service", status_code=202, summary="Put a locker back in service",
    responses=responses(404, 409, 503),
)  # fmt: skip
def put_back(database: Db, caller: Caller, orders: OrdersIn, now: Now, bank: BankId, number: Number) -> CommandOut:
    """As if it had never been out of service."""
    with database.writing() as session:
        made = out_of_service.put_back(session, orders, bank_id=bank, number=number, actor=caller.staff_id, now=now)
        return command_out(made, made, now)


@router.get("/banks/{bank}/reconciliation", summary="What differs at a held bank", responses=responses(404))
def differences(database: Db, _caller: Caller, now: Now, bank: BankId) -> DifferencesOut:
    """Empty until the bank has sent its list."""
    with database.reading() as session:
        held = service.controller_of(session, bank).held_since is not None
        return differences_out(held, reconcile.differences(session, bank, now=now))


@router.post(
    "/banks/{bank}/reconciliation", status_code=202, summary="Ask the bank for its list", responses=responses(404, 503)
)
def ask(database: Db, caller: Caller, orders: OrdersIn, now: Now, bank: BankId) -> CommandOut:
    """The only order a held bank is given."""
    with database.writing() as session:
        made = reconcile.ask(session, orders, bank, actor=caller.staff_id, now=now)
        return command_out(made, made, now)


@router.post("/banks/{bank}/reconcile", status_code=204, summary="Decide", responses=responses(404, 409))
def decide(
    database: Db, caller: Caller, now: Now, bank: BankId, decision: Annotated[DecideIn | None, Body()] = None
) -> None:
    """From now on this gateway's list holds; the bank's own revocations are carried over."""
    with database.writing() as session:
        reconcile.decide(session, bank, actor=caller.staff_id, now=now, unseen=decision is not None and decision.unseen)
