"""The event feed over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from gateway.edge import PAGE, Caller, Db, Limit, Now, PageOut
from gateway.events.schemas import EventOut
from gateway.events.service import FeedItem, events_after
from gateway.problems import responses
from gateway.staff.scope import is_own
from gateway.staff.service import SignedIn

router = APIRouter(tags=["events"])

# What an event's body may name of people.
_NAMED = {"contract": "contract_id", "badge": "badge_id", "loan": "loan_id", "claim": "claim_id", "person": "person_id"}
USES_SHOWN_FOR_MS = 15 * 60_000


@router.get("/events", summary="What happened, oldest first", responses=responses())
def list_events(
    database: Db,
    caller: Caller,
    now: Now,
    after: Annotated[int, Query(ge=0, le=2**53, description="id of the last event already seen")] = 0,
    limit: Limit = PAGE,
    kind: Annotated[list[str], Query(max_length=50, description="only these kinds; may be repeated")] = [],  # noqa: B006
    bank: Annotated[str | None, Query(max_length=40)] = None,
    locker: Annotated[int | None, Query(ge=1, le=99_999)] = None,
) -> PageOut[EventOut]:
    """Ids rise in the order of storing, so `after` the last id seen gives what is new.

    Uses (a badge refused, a lock released, a door opened or closed) are there for a quarter of an hour, to follow what
    happens now: older ones are read with a reason, at `/openings`. Nothing else is skipped.
    """

    def page(last: int, size: int) -> list[FeedItem]:
        return events_after(
            session, last, limit=size, kinds=kind, bank_id=bank, locker=locker, uses_since=now - USES_SHOWN_FOR_MS
        )

    with database.reading() as session:
        found = page(after, limit)
        more = len(found) == limit and bool(page(found[-1].id, 1))
        items = [_out(session, caller, item) for item in found]
    return PageOut(items=items, next=str(found[-1].id) if more else None)


def _out(session: Session, caller: SignedIn, item: FeedItem) -> EventOut:
    """Whoever runs a bank reads what happens there, without the ids of another organisation's things."""
    others = {
        name
        for name, called in _NAMED.items()
        if name in item.body and not is_own(session, caller.organisation_id, called, str(item.body[name]))
    }
    out = EventOut.model_validate(item)
    return out.model_copy(update={"body": {name: value for name, value in out.body.items() if name not in others}})
