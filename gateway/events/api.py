"""The event feed over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from gateway.edge import PAGE, Caller, Db, Limit, PageOut
from gateway.events.schemas import EventOut
from gateway.events.service import events_after
from gateway.problems import responses

router = APIRouter(tags=["events"])


@router.get("/events", summary="What happened, oldest first", responses=responses())
def list_events(
    database: Db,
    _caller: Caller,
    after: Annotated[int, Query(ge=0, le=2**53, description="id of the last event already seen")] = 0,
    limit: Limit = PAGE,
    kind: Annotated[list[str], Query(max_length=50, description="only these kinds; may be repeated")] = [],  # noqa: B006
    bank: Annotated[str | None, Query(max_length=40)] = None,
    locker: Annotated[int | None, Query(ge=1, le=99_999)] = None,
) -> PageOut[EventOut]:
    """Ids rise in the order of storing, so `after` the last id seen gives what is new; nothing is skipped."""
    with database.reading() as session:
        found = events_after(session, after, limit=limit, kinds=kind, bank_id=bank, locker=locker)
        more = len(found) == limit and bool(
            events_after(session, found[-1].id, limit=1, kinds=kind, bank_id=bank, locker=locker)
        )
    return PageOut(items=[EventOut.model_validate(item) for item in found], next=str(found[-1].id) if more else None)
