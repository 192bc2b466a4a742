"""People over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.db import Database
from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.errors import InvalidError
from gateway.lockers.models import Organisation
from gateway.people import service
from gateway.people.schemas import PersonIn, PersonOut, SearchIn
from gateway.problems import responses
from gateway.staff.scope import require_organisation
from gateway.staff.service import SignedIn

router = APIRouter(prefix="/people", tags=["people"])
PersonId = Annotated[str, Path(max_length=36)]


@router.get("", summary="People, in the order of their files")
def list_people(database: Db, caller: Caller, after: After = None, limit: Limit = PAGE) -> PageOut[PersonOut]:
    """Everyone; to find someone by name: POST /api/v1/people/search."""
    return _page(database, caller, None, after, limit)


@router.post("/search", summary="People of a name")
def search(
    database: Db, caller: Caller, wanted: SearchIn, after: After = None, limit: Limit = PAGE
) -> PageOut[PersonOut]:
    """As the list. The name is in the body and not in the address, because addresses are kept in many places."""
    return _page(database, caller, wanted.name, after, limit)


@router.post("", status_code=201, summary="A new file", responses=responses(404))
def add_person(database: Db, caller: Caller, now: Now, person: PersonIn) -> PersonOut:
    """The id is the pseudonym that commands, events and the audit trail use."""
    with database.writing() as session:
        organisation_id = person.organisation_id or caller.organisation_id or _only_organisation(session)
        require_organisation(caller.organisation_id, organisation_id)
        added = service.add_person(
            session,
            organisation_id=organisation_id,
            name=person.name,
            language=person.language,
            actor=caller.staff_id,
            now=now,
        )
        return PersonOut.model_validate(added)


@router.get("/{person_id}", summary="One person", responses=responses(404))
def person(database: Db, _caller: Caller, person_id: PersonId) -> PersonOut:
    """Their file."""
    with database.reading() as session:
        return PersonOut.model_validate(service.person_of(session, person_id))


def _page(database: Database, caller: SignedIn, name: str | None, after: str | None, limit: int) -> PageOut[PersonOut]:
    with database.reading() as session:
        page = service.list_people(
            session, search=name, organisation_id=caller.organisation_id, after=after, limit=limit
        )
        return PageOut(items=[PersonOut.model_validate(person) for person in page.items], next=page.next)


def _only_organisation(session: Session) -> str:
    ids = session.scalars(select(Organisation.id).limit(2)).all()
    if len(ids) != 1:
        raise InvalidError("organisation", "say which organisation: organisation_id")
    return ids[0]
