"""Exports, keeping and openings over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from gateway.edge import PAGE, Caller, Db, Limit, Now, PageOut
from gateway.events.schemas import EventOut
from gateway.privacy import erasure, export, openings, terms
from gateway.privacy.schemas import DueOut, ExportOut, OpeningsIn, OpeningsOut, TermsIn
from gateway.problems import responses
from gateway.staff.rights import Right
from gateway.staff.scope import require_organisation, require_own

router = APIRouter(tags=["privacy"])
PathId = Annotated[str, Path(max_length=36)]


@router.get("/people/{person_id}/export", summary="Everything about one person", responses=responses(404))
def export_person(database: Db, caller: Caller, now: Now, person_id: PathId) -> ExportOut:
    """For that person; that it was exported is recorded. Badge numbers' digests stay inside."""
    with database.writing() as session:
        return ExportOut.model_validate(export.export(session, person_id, actor=caller.staff_id, now=now))


@router.get("/privacy/due", summary="Files that are to be erased")
def list_due(database: Db, caller: Caller, now: Now) -> PageOut[DueOut]:
    """What `casier-gateway privacy erase --apply` would erase now."""
    with database.reading() as session:
        found = erasure.due(session, now=now)
    mine = [one for one in found if caller.organisation_id in (None, one.organisation_id)]
    return PageOut(items=[DueOut.model_validate(one) for one in mine], next=None)


@router.put("/privacy/terms/{organisation_id}", summary="How long an organisation keeps", responses=responses(404))
def set_terms(database: Db, caller: Caller, now: Now, organisation_id: PathId, wanted: TermsIn) -> TermsIn:
    """Replaces both terms."""
    require_organisation(caller.organisation_id, organisation_id)
    with database.writing() as session:
        kept = terms.set_terms(
            session, organisation_id, terms.Terms(wanted.file_days, wanted.openings_days),
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return TermsIn.model_validate(kept)


@router.post("/openings", status_code=201, summary="Ask to read openings", responses=responses(404))
def ask_openings(database: Db, caller: Caller, now: Now, wanted: OpeningsIn) -> OpeningsOut:
    """Gives leave for half an hour, for this account alone; asking and reading are in the audit trail."""
    door = {"number": str(wanted.locker)} if wanted.locker else {}
    with database.writing() as session:
        require_own(
            session, caller.organisation_id, {"bank": wanted.bank, **door},
            right=None if door else Right.SEE_EVENTS, changing=True, now=now,
        )  # fmt: skip
        request = openings.ask(
            session, bank_id=wanted.bank, locker=wanted.locker, reason=wanted.reason, note=wanted.note,
            from_at=wanted.from_at, until_at=wanted.until_at, organisation_id=caller.organisation_id,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return OpeningsOut.model_validate(request)


@router.get("/openings/{request_id}", summary="Openings, one by one", responses=responses(404))
def read_openings(
    database: Db,
    caller: Caller,
    now: Now,
    request_id: PathId,
    after: Annotated[int, Query(ge=0, le=2**53, description="id of the last one already seen")] = 0,
    limit: Limit = PAGE,
) -> PageOut[EventOut]:
    """Those that were asked for, oldest first."""
    with database.writing() as session:
        found = openings.read(session, request_id, after=after, limit=limit, actor=caller.staff_id, now=now)
    more = str(found[-1].id) if len(found) == limit else None
    return PageOut(items=[EventOut.model_validate(item) for item in found], next=more)
