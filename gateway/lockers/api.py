"""Lockers and banks over HTTP, and opening for someone."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from gateway.access.commands import open_locker
from gateway.access.schemas import CommandOut, command_out
from gateway.edge import PAGE, After, Caller, Db, Heard, Limit, Now, OrdersIn, PageOut
from gateway.errors import InvalidError
from gateway.lockers import wall
from gateway.lockers.schemas import BankOut, LockerOut, OpenIn
from gateway.lockers.service import bank_of
from gateway.problems import responses

router = APIRouter(tags=["lockers"])


@router.get("/lockers", summary="The wall of lockers", responses=responses(404))
def list_lockers(
    database: Db,
    caller: Caller,
    heard: Heard,
    now: Now,
    bank: Annotated[str | None, Query(max_length=40)] = None,
    after: After = None,
    limit: Limit = PAGE,
) -> PageOut[LockerOut]:
    """By bank and number."""
    with database.reading() as session:
        if bank is not None:
            bank_of(session, bank)
        found = wall.lockers(
            session, heard, now=now, bank_id=bank, after=_cursor(after), limit=limit + 1,
            organisation_id=caller.organisation_id,
        )  # fmt: skip
    items = [LockerOut.model_validate(view) for view in found[:limit]]
    return PageOut(items=items, next=f"{items[-1].bank}:{items[-1].number}" if len(found) > limit else None)


@router.get("/banks", summary="Banks and what their controllers follow")
def list_banks(
    database: Db, caller: Caller, heard: Heard, after: After = None, limit: Limit = PAGE
) -> PageOut[BankOut]:
    """By id."""
    with database.reading() as session:
        every = wall.banks(session, heard, organisation_id=caller.organisation_id)
        found = [view for view in every if after is None or view.id > after]
    items = [BankOut.model_validate(view) for view in found[:limit]]
    return PageOut(items=items, next=items[-1].id if len(found) > limit else None)


@router.post(
    "/lockers/{bank}/{number}/open", status_code=202, summary="Open for someone", responses=responses(404, 503)
)
def open_one(
    database: Db,
    caller: Caller,
    orders: OrdersIn,
    now: Now,
    response: Response,
    bank: Annotated[str, Path(max_length=40)],
    number: Annotated[int, Path(ge=1, le=99_999)],
    order: OpenIn,
) -> CommandOut:
    """Signed, for the present session, and stale within 30 s; where the bank is not heard nothing is sent (503)."""
    with database.writing() as session:
        command = open_locker(
            session,
            orders,
            bank_id=bank,
            number=number,
            reason=order.reason.value,
            actor=caller.staff_id,
            now=now,
        )
    response.headers["Location"] = f"/api/v1/commands/{command.id}"
    return command_out(command, command, now)


def _cursor(after: str | None) -> tuple[str, int] | None:
    if after is None:
        return None
    bank, colon, number = after.partition(":")
    if not colon or not number.isascii() or not number.isdecimal() or len(number) > 5:
        raise InvalidError("after", "that is not a cursor of this list: pass `next` of the page before")
    return bank, int(number)
