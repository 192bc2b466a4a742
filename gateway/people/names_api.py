"""A person's other names over HTTP."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from gateway.edge import Caller, Db, Now, PageOut, Schema
from gateway.people import names
from gateway.problems import responses

router = APIRouter(prefix="/people", tags=["people"])
PathId = Annotated[str, Path(max_length=36)]


class NameIn(Schema):
    """Another name of the same person."""

    kind: Literal["legal", "former", "other"]
    name: str = Field(min_length=1, max_length=200)


class NameOut(Schema):
    """A name that finds the file."""

    id: str
    kind: str
    name: str
    added_at: int


@router.get("/{person_id}/names", summary="The other names of a file", responses=responses(404))
def list_names(database: Db, _caller: Caller, person_id: PathId) -> PageOut[NameOut]:
    """Legal, former and others; the chosen one is the person's `name`."""
    with database.reading() as session:
        found = names.names_in(session, person_id)
        return PageOut(items=[NameOut.model_validate(one) for one in found], next=None)


@router.post("/{person_id}/names", status_code=201, summary="Another name", responses=responses(404))
def add_name(database: Db, caller: Caller, now: Now, person_id: PathId, name: NameIn) -> NameOut:
    """Searching for it finds the same file."""
    with database.writing() as session:
        added = names.add_name(session, person_id, kind=name.kind, name=name.name, actor=caller.staff_id, now=now)
        return NameOut.model_validate(added)


@router.delete("/{person_id}/names/{name_id}", status_code=204, summary="Not this name", responses=responses(404))
def remove_name(database: Db, caller: Caller, now: Now, person_id: PathId, name_id: PathId) -> None:
    """It finds the file no more."""
    with database.writing() as session:
        names.remove_name(session, person_id, name_id, actor=caller.staff_id, now=now)
