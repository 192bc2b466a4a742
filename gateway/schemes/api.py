"""Schemes over HTTP: their terms, the templates to begin with, and copies for other organisations."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.problems import responses
from gateway.schemes import opening, service
from gateway.schemes.schemas import BroughtOut, CopyIn, SchemeIn, SchemeOut, TemplateOut
from gateway.schemes.templates import TEMPLATES
from gateway.schemes.terms import Terms
from gateway.staff.scope import require_organisation

router = APIRouter(tags=["schemes"])
SchemeId = Annotated[str, Path(max_length=36)]
_CHANGES = responses(404, 409)


@router.get("/scheme-templates", summary="Three schemes to begin with")
def list_templates(_caller: Caller) -> PageOut[TemplateOut]:
    """Solidarity lockers, luggage room, tool library."""
    return PageOut(items=[TemplateOut.model_validate(template) for template in TEMPLATES.values()], next=None)


@router.get("/schemes", summary="Schemes, in the order of their making")
def list_schemes(
    database: Db, _caller: Caller, organisation: Annotated[str | None, Query(max_length=36)] = None,
    after: After = None, limit: Limit = PAGE,
) -> PageOut[SchemeOut]:  # fmt: skip
    """Of one organisation, or of all: any may be copied."""
    with database.reading() as session:
        page = service.list_schemes(session, organisation_id=organisation, after=after, limit=limit)
        return PageOut(items=[SchemeOut.model_validate(scheme) for scheme in page.items], next=page.next)


@router.post("/schemes", status_code=201, summary="A new scheme", responses=_CHANGES)
def add_scheme(database: Db, caller: Caller, now: Now, scheme: SchemeIn) -> SchemeOut:
    """From the template of its service, or with terms of its own."""
    require_organisation(caller.organisation_id, scheme.organisation_id)
    with database.writing() as session:
        made = service.add_scheme(
            session, organisation_id=scheme.organisation_id, service=scheme.service, name=scheme.name,
            terms=scheme.terms, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return SchemeOut.model_validate(made)


@router.get("/schemes/{scheme_id}", summary="One scheme", responses=responses(404))
def scheme(database: Db, _caller: Caller, scheme_id: SchemeId) -> SchemeOut:
    """With the terms of new contracts."""
    with database.reading() as session:
        return SchemeOut.model_validate(service.scheme_of(session, scheme_id))


@router.put("/schemes/{scheme_id}/terms", summary="Terms of new contracts", responses=_CHANGES)
def change_terms(database: Db, caller: Caller, now: Now, scheme_id: SchemeId, terms: Terms) -> SchemeOut:
    """All of them: what is left out takes its default. Signed contracts keep what was signed."""
    with database.writing() as session:
        require_organisation(caller.organisation_id, service.scheme_of(session, scheme_id).organisation_id)
        return SchemeOut.model_validate(service.change_terms(session, scheme_id, terms, actor=caller.staff_id, now=now))


@router.post("/schemes/{scheme_id}/copy", status_code=201, summary="Copy to an organisation", responses=_CHANGES)
def copy_scheme(database: Db, caller: Caller, now: Now, scheme_id: SchemeId, copy: CopyIn) -> SchemeOut:
    """The copy goes its own way from then on."""
    require_organisation(caller.organisation_id, copy.organisation_id)
    with database.writing() as session:
        made = service.copy_scheme(
            session, scheme_id, organisation_id=copy.organisation_id, name=copy.name, actor=caller.staff_id, now=now
        )
        return SchemeOut.model_validate(made)


@router.post("/schemes/{scheme_id}/close", summary="No new contracts", responses=responses(404))
def close_scheme(database: Db, caller: Caller, now: Now, scheme_id: SchemeId) -> SchemeOut:
    """Contracts signed under it go on."""
    with database.writing() as session:
        require_organisation(caller.organisation_id, service.scheme_of(session, scheme_id).organisation_id)
        return SchemeOut.model_validate(service.close_scheme(session, scheme_id, actor=caller.staff_id, now=now))


@router.post(
    "/schemes/{scheme_id}/bring-hours", summary="Present opening hours for signed contracts", responses=responses(404)
)
def bring_hours(database: Db, caller: Caller, now: Now, scheme_id: SchemeId) -> BroughtOut:
    """The one term that may follow the house; each bank's list is issued again."""
    with database.writing() as session:
        require_organisation(caller.organisation_id, service.scheme_of(session, scheme_id).organisation_id)
        changed = opening.bring_hours(session, scheme_id, actor=caller.staff_id, now=now)
        return BroughtOut(contracts=changed)
