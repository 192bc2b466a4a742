"""Police requests and leaves over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.incidents import handing_out, police, stand_ins
from gateway.incidents.request_schemas import (
    ActingOut,
    DecideRequestIn,
    LeaveIn,
    LeaveOut,
    PoliceRequestIn,
    PoliceRequestOut,
    StandInIn,
    request_out,
)
from gateway.problems import responses
from gateway.staff import scope

router = APIRouter(tags=["incidents"])
ItemId = Annotated[str, Path(max_length=36)]
_CHANGES = responses(404, 409)


@router.get("/police-requests", summary="Requests of authorities", responses=responses())
def list_requests(database: Db, caller: Caller, after: After = None, limit: Limit = PAGE) -> PageOut[PoliceRequestOut]:
    """Of the sites that the caller sees."""
    with database.reading() as session:
        page = police.list_requests(session, actor=caller.staff_id, after=after, limit=limit)
        return PageOut(items=[request_out(one) for one in page.items], next=page.next)


@router.post("/police-requests", status_code=201, summary="Log a request", responses=_CHANGES)
def log_request(database: Db, caller: Caller, now: Now, asked: PoliceRequestIn) -> PoliceRequestOut:
    """With its legal basis and exactly what is asked for; nothing is handed out by this."""
    with database.writing() as session:
        for person_id in asked.people:
            scope.require_named(session, caller, now, person_id=person_id)
        logged = police.log_request(
            session, site_id=asked.site_id, authority=asked.authority, legal_basis=asked.legal_basis,
            reference=asked.reference, officer=asked.officer, received_on=asked.received_on, people=asked.people,
            scope=asked.scope, from_at=asked.from_at, until_at=asked.until_at, text=asked.note,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return request_out(logged)


@router.post("/police-requests/{request_id}/decide", summary="Grant or refuse", responses=_CHANGES)
def decide(database: Db, caller: Caller, now: Now, request_id: ItemId, decision: DecideRequestIn) -> PoliceRequestOut:
    """Once. Without a legal basis it can only be refused."""
    with database.writing() as session:
        decided = police.decide(
            session, request_id, granted=decision.granted, text=decision.note, actor=caller.staff_id, now=now
        )
        return request_out(decided)


@router.post(
    "/police-requests/{request_id}/export",
    summary="Hand out what was granted",
    response_class=Response,
    responses=_CHANGES | {200: {"content": {"application/json": {}}, "description": "exactly the scope"}},
)
def export(database: Db, caller: Caller, now: Now, request_id: ItemId) -> Response:
    """Exactly the people, the kinds of data and the time of the request; recorded with its SHA-256."""
    with database.writing() as session:
        made, content = handing_out.hand_out(session, request_id, actor=caller.staff_id, now=now)
        headers = {"Content-Disposition": f'attachment; filename="request-{made.request_id}.json"'}
        return Response(content, media_type="application/json", headers=headers)


@router.get("/leaves", summary="Workers on leave and their stand-ins", responses=responses())
def list_leaves(
    database: Db,
    caller: Caller,
    staff: Annotated[str | None, Query(max_length=36)] = None,
    day: date | None = None,
    after: After = None,
    limit: Limit = PAGE,
) -> PageOut[LeaveOut]:
    """Of one worker (away or standing in), of one day."""
    with database.reading() as session:
        page = stand_ins.list_leaves(
            session, staff_id=staff, day=day, organisation_id=caller.organisation_id, after=after, limit=limit
        )
        return PageOut(items=[LeaveOut.model_validate(one) for one in page.items], next=page.next)


@router.get("/leaves/uncovered", summary="Leaves that need another stand-in", responses=responses())
def uncovered(database: Db, caller: Caller, day: date) -> list[LeaveOut]:
    """Whose stand-in's account was closed, or cannot see to these people; of this day or later."""
    with database.reading() as session:
        found = stand_ins.uncovered(session, day, organisation_id=caller.organisation_id)
        return [LeaveOut.model_validate(one) for one in found]


@router.post("/leaves", status_code=201, summary="Record a leave", responses=_CHANGES)
def go_on_leave(database: Db, caller: Caller, now: Now, leave: LeaveIn) -> LeaveOut:
    """With a stand-in: nobody is ever without one."""
    with database.writing() as session:
        for staff_id in (leave.staff_id, leave.stand_in_id):
            scope.require_named(session, caller, now, staff_id=staff_id)
        made = stand_ins.go_on_leave(
            session, staff_id=leave.staff_id, stand_in_id=leave.stand_in_id, from_on=leave.from_on,
            until_on=leave.until_on, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return LeaveOut.model_validate(made)


@router.post("/leaves/{leave_id}/stand-in", summary="Change the stand-in", responses=_CHANGES)
def change_stand_in(database: Db, caller: Caller, now: Now, leave_id: ItemId, other: StandInIn) -> LeaveOut:
    """Someone else, from now on."""
    with database.writing() as session:
        scope.require_named(session, caller, now, staff_id=other.stand_in_id)
        changed = stand_ins.change_stand_in(
            session, leave_id, stand_in_id=other.stand_in_id, actor=caller.staff_id, now=now
        )
        return LeaveOut.model_validate(changed)


@router.post("/leaves/{leave_id}/cancel", summary="Cancel a leave", responses=_CHANGES)
def cancel(database: Db, caller: Caller, now: Now, leave_id: ItemId) -> LeaveOut:
    """They are back."""
    with database.writing() as session:
        return LeaveOut.model_validate(stand_ins.cancel(session, leave_id, actor=caller.staff_id, now=now))


@router.get("/stand-ins/{staff_id}", summary="Who acts for a worker", responses=responses(404))
def acting(database: Db, _caller: Caller, staff_id: ItemId, day: date) -> ActingOut:
    """Their stand-in on that day, or they themselves."""
    with database.reading() as session:
        return ActingOut(staff_id=staff_id, acting_id=stand_ins.acting_for(session, staff_id, day), day=day)
