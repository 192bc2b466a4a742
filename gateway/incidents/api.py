"""Incidents, exclusions and appeals over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from gateway.badges.stock import only_site
from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.incidents import exclusions, service
from gateway.incidents.models import Incident
from gateway.incidents.schemas import (
    AppealIn,
    AppealOut,
    CloseIn,
    ConcernedIn,
    DecideAppealIn,
    ExclusionIn,
    ExclusionOut,
    IncidentIn,
    IncidentOut,
    ReportedOut,
    WarningOut,
)
from gateway.incidents.service import Concerned
from gateway.incidents.visibility import own_people
from gateway.problems import responses
from gateway.staff import scope

router = APIRouter(tags=["incidents"])
ItemId = Annotated[str, Path(max_length=36)]
OneId = Annotated[str | None, Query(max_length=36)]
_CHANGES = responses(404, 409)


@router.get("/incidents", summary="Incidents", responses=responses())
def list_incidents(
    database: Db,
    caller: Caller,
    site: OneId = None,
    person: OneId = None,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    after: After = None,
    limit: Limit = PAGE,
) -> PageOut[IncidentOut]:
    """Of the sites that the caller sees, in the order in which they were reported."""
    with database.reading() as session:
        page = service.list_incidents(
            session, actor=caller.staff_id, site_id=site, person_id=person, is_open=is_open, after=after, limit=limit
        )
        return PageOut(items=[_seen(session, one, caller.staff_id) for one in page.items], next=page.next)


@router.post("/incidents", status_code=201, summary="Report an incident", responses=_CHANGES)
def report(database: Db, caller: Caller, now: Now, told: IncidentIn) -> ReportedOut:
    """Anyone who works here may; nothing follows from it by itself."""
    people = {one.person_id: Concerned(one.part, one.note) for one in told.people}
    with database.writing() as session:
        for person_id in people:
            scope.require_named(session, caller, now, person_id=person_id)
        incident = service.report(
            session, site_id=told.site_id, kind=told.kind, at=told.at, locker_id=told.locker_id, people=people,
            text=told.note, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return ReportedOut(id=incident.id)


@router.get("/incidents/{incident_id}", summary="One incident", responses=responses(404))
def incident(database: Db, caller: Caller, incident_id: ItemId) -> IncidentOut:
    """With those concerned."""
    with database.reading() as session:
        found = service.incident_of(session, incident_id, actor=caller.staff_id)
        return _seen(session, found, caller.staff_id)


@router.post("/incidents/{incident_id}/people", summary="Someone else it concerned", responses=_CHANGES)
def add_concerned(database: Db, caller: Caller, now: Now, incident_id: ItemId, told: ConcernedIn) -> IncidentOut:
    """As long as the incident is open."""
    with database.writing() as session:
        scope.require_named(session, caller, now, person_id=told.person_id)
        found = service.add_concerned(
            session, incident_id, told.person_id, Concerned(told.part, told.note), actor=caller.staff_id, now=now
        )
        return _seen(session, found, caller.staff_id)


@router.post("/incidents/{incident_id}/close", summary="Close an incident", responses=_CHANGES)
def close(database: Db, caller: Caller, now: Now, incident_id: ItemId, end: CloseIn) -> IncidentOut:
    """Says what became of it."""
    with database.writing() as session:
        closed = service.close(session, incident_id, outcome=end.outcome, actor=caller.staff_id, now=now)
        return _seen(session, closed, caller.staff_id)


@router.get("/exclusions", summary="Exclusions", responses=responses())
def list_exclusions(
    database: Db,
    caller: Caller,
    now: Now,
    site: OneId = None,
    person: OneId = None,
    in_force: Annotated[bool, Query(description="only those in force now")] = False,
    after: After = None,
    limit: Limit = PAGE,
) -> PageOut[ExclusionOut]:
    """Of the sites that the caller sees; other sites see nothing of them."""
    at = now if in_force else None
    with database.reading() as session:
        page = exclusions.list_exclusions(
            session, actor=caller.staff_id, site_id=site, person_id=person, at=at, after=after, limit=limit
        )
        return PageOut(items=[ExclusionOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/exclusions", status_code=201, summary="Exclude someone from a site", responses=_CHANGES)
def exclude(database: Db, caller: Caller, now: Now, wanted: ExclusionIn) -> ExclusionOut:
    """On these days, both included. It locks no door: suspending a contract is a decision of its own."""
    with database.writing() as session:
        scope.require_named(session, caller, now, person_id=wanted.person_id)
        made = exclusions.exclude(
            session, person_id=wanted.person_id, site_id=wanted.site_id, from_on=wanted.from_on,
            until_on=wanted.until_on, reason=wanted.reason, text=wanted.note, incident_id=wanted.incident_id,
            warns_elsewhere=wanted.warns_elsewhere, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return ExclusionOut.model_validate(made)


@router.get("/exclusions/{exclusion_id}", summary="One exclusion", responses=responses(404))
def exclusion(database: Db, caller: Caller, exclusion_id: ItemId) -> ExclusionOut:
    """With its appeals."""
    with database.reading() as session:
        return ExclusionOut.model_validate(exclusions.exclusion_of(session, exclusion_id, actor=caller.staff_id))


@router.post("/exclusions/{exclusion_id}/lift", summary="Lift an exclusion", responses=_CHANGES)
def lift(database: Db, caller: Caller, now: Now, exclusion_id: ItemId) -> ExclusionOut:
    """From now on they may come again."""
    with database.writing() as session:
        return ExclusionOut.model_validate(exclusions.lift(session, exclusion_id, actor=caller.staff_id, now=now))


@router.post("/exclusions/{exclusion_id}/appeal", status_code=201, summary="Appeal", responses=_CHANGES)
def appeal(database: Db, caller: Caller, now: Now, exclusion_id: ItemId, made: AppealIn) -> AppealOut:
    """Someone asks that the exclusion be looked at again."""
    with database.writing() as session:
        waits = exclusions.appeal(
            session, exclusion_id, made_by=made.made_by, text=made.note, actor=caller.staff_id, now=now
        )
        return AppealOut.model_validate(waits)


@router.post("/appeals/{appeal_id}/decide", summary="Decide an appeal", responses=_CHANGES)
def decide(database: Db, caller: Caller, now: Now, appeal_id: ItemId, decision: DecideAppealIn) -> AppealOut:
    """Upheld by someone else than who excluded, shortened, or lifted."""
    with database.writing() as session:
        decided = exclusions.decide(
            session, appeal_id, outcome=decision.outcome, until_on=decision.until_on, text=decision.note,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return AppealOut.model_validate(decided)


@router.get("/people/{person_id}/warnings", summary="What the desk should know", responses=responses(404, 409))
def warnings(database: Db, _caller: Caller, now: Now, person_id: ItemId, site: OneId = None) -> list[WarningOut]:
    """For the desk of a site (`site` may be left out where there is only one): dates and whom to ask, never why."""
    with database.reading() as session:
        found = exclusions.warnings(session, person_id, sites=[site or only_site(session)], now=now)
        return [WarningOut.model_validate(one) for one in found]


def _seen(session: Session, incident: Incident, staff_id: str) -> IncidentOut:
    """Those concerned whose files are another organisation's are left out."""
    out = IncidentOut.model_validate(incident)
    own = own_people(session, staff_id, [one.person_id for one in out.concerned])
    return out.model_copy(update={"concerned": [one for one in out.concerned if one.person_id in own]})
