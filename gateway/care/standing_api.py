"""Whom to look for, and reviews, over HTTP."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query

from gateway.care import reviews, schemas, standing
from gateway.care.standing import Standing
from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.errors import InvalidError, NotFoundError
from gateway.people.service import person_of
from gateway.problems import responses

router = APIRouter(tags=["care"])
PersonId = Annotated[str, Path(max_length=36)]
_CHANGES = responses(404, 409)


class Which(StrEnum):
    """Which people of a worker or a site."""

    ALL = "all"
    TO_SEE = "to_see"
    NO_NEWS = "no_news"


_LISTS: Mapping[Which, Callable[[Sequence[Standing]], Sequence[Standing]]] = {
    Which.ALL: list,
    Which.TO_SEE: standing.to_see,
    Which.NO_NEWS: standing.no_news,
}


@router.get("/care", summary="Whom to look for", responses=responses(404))
def whom(
    database: Db,
    caller: Caller,
    now: Now,
    worker: Annotated[str | None, Query(max_length=36, description="people they look after or stand in for")] = None,
    site: Annotated[str | None, Query(max_length=36, description="people with a locker there")] = None,
    which: Which = Which.ALL,
) -> PageOut[schemas.StandingOut]:
    """The people of one worker, or of one site; those to be seen first, or those without news the longest."""
    if (worker is None) == (site is None):
        raise InvalidError("query", "say whose people: worker, or site")
    with database.reading() as session:
        if worker is not None:
            found = standing.of_worker(session, worker, organisation_id=caller.organisation_id, now=now)
        else:
            found = standing.of_site(session, site or "", organisation_id=caller.organisation_id, now=now)
        return PageOut(items=[schemas.standing_out(one) for one in _LISTS[which](found)], next=None)


@router.get("/people/{person_id}/care", summary="Where a person stands", responses=responses(404))
def where(database: Db, _caller: Caller, now: Now, person_id: PersonId) -> schemas.StandingOut:
    """Of someone on a contract in force."""
    with database.reading() as session:
        person_of(session, person_id)
        found = standing.of_person(session, person_id, now=now)
        if found is None:
            raise NotFoundError("contract", "the person has no contract in force")
        return schemas.standing_out(found)


@router.get("/people/{person_id}/reviews", summary="Reviews", responses=responses(404))
def list_reviews(
    database: Db, _caller: Caller, person_id: PersonId, after: After = None, limit: Limit = PAGE
) -> PageOut[schemas.ReviewOut]:
    """In the order of their making."""
    with database.reading() as session:
        person_of(session, person_id)
        page = reviews.list_reviews(session, person_id, after=after, limit=limit)
        return PageOut(items=[schemas.ReviewOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/people/{person_id}/reviews", summary="Ask for a review", responses=_CHANGES)
def ask(database: Db, caller: Caller, now: Now, person_id: PersonId, review: schemas.ReviewIn) -> schemas.ReviewOut:
    """One at a time."""
    with database.writing() as session:
        asked = reviews.ask(session, person_id, why=review.why, actor=caller.staff_id, now=now)
        return schemas.ReviewOut.model_validate(asked)


@router.post("/people/{person_id}/reviews/decide", summary="Decide a review", responses=_CHANGES)
def decide(
    database: Db, caller: Caller, now: Now, person_id: PersonId, decided: schemas.ReviewDecideIn
) -> schemas.ReviewOut:
    """What people decided; it changes no contract by itself."""
    with database.writing() as session:
        review = reviews.decide(
            session, person_id, decided.decision, note=decided.note, next_on=decided.next_on,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return schemas.ReviewOut.model_validate(review)
