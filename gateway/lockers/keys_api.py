"""Mechanical keys over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field
from sqlalchemy.orm import Session

from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut, Schema
from gateway.lockers import keys
from gateway.lockers.models import KeyHandover, MechanicalKey
from gateway.paging import in_pages
from gateway.problems import responses
from gateway.staff.scope import is_own
from gateway.staff.service import SignedIn

router = APIRouter(tags=["keys"])
KeyId = Annotated[str, Path(max_length=36)]
_CHANGES = responses(404, 409)


class KeyIn(Schema):
    """What is stamped on the key."""

    key_number: str = Field(min_length=1, max_length=40, examples=["A 17"])


class HandoverIn(Schema):
    """To whom: the contract that has the key's locker."""

    contract_id: str = Field(min_length=1, max_length=36)


class KeyOut(Schema):
    """One key; `given_at` and what follows while it is in someone's hands, `contract_id` only of one's own people."""

    id: str
    bank: str
    locker: int
    key_number: str
    retired_at: int | None
    contract_id: str | None
    given_at: int | None
    lost_at: int | None


@router.get("/banks/{bank}/keys", summary="Keys and in whose hands they are", responses=responses(404))
def list_keys(
    database: Db, caller: Caller, bank: Annotated[str, Path(max_length=40)], after: After = None, limit: Limit = PAGE
) -> PageOut[KeyOut]:
    """Those that still open something, by locker and number."""
    with database.reading() as session:
        page = in_pages(keys.keys_of(session, bank), lambda one: one[0].id, after=after, limit=limit)
        return PageOut(items=[_key(session, caller, *one) for one in page.items], next=page.next)


@router.post("/lockers/{bank}/{number}/keys", status_code=201, summary="A new key", responses=_CHANGES)
def add_key(
    database: Db, caller: Caller, now: Now, bank: Annotated[str, Path(max_length=40)],
    number: Annotated[int, Path(ge=1, le=99_999)], key: KeyIn,
) -> KeyOut:  # fmt: skip
    """Of a locker that opens with a key."""
    with database.writing() as session:
        made = keys.add_key(session, bank, number, key_number=key.key_number, actor=caller.staff_id, now=now)
        return _key(session, caller, made, None)


@router.post("/keys/{key_id}/hand-over", summary="Hand a key over", responses=_CHANGES)
def hand_over(database: Db, caller: Caller, now: Now, key_id: KeyId, to: HandoverIn) -> KeyOut:
    """Refused while someone else has it."""
    with database.writing() as session:
        given = keys.hand_over(session, key_id, contract_id=to.contract_id, actor=caller.staff_id, now=now)
        return _key(session, caller, given.key, given)


@router.post("/keys/{key_id}/take-back", summary="A key is back", responses=_CHANGES)
def take_back(database: Db, caller: Caller, now: Now, key_id: KeyId) -> KeyOut:
    """Whoever brought it."""
    with database.writing() as session:
        return _key(session, caller, keys.take_back(session, key_id, actor=caller.staff_id, now=now).key, None)


@router.post("/keys/{key_id}/lost", summary="A key was lost", responses=_CHANGES)
def lost(database: Db, caller: Caller, now: Now, key_id: KeyId) -> KeyOut:
    """It stays out until it is found or retired; nobody is charged."""
    with database.writing() as session:
        given = keys.report_lost(session, key_id, actor=caller.staff_id, now=now)
        return _key(session, caller, given.key, given)


@router.post("/keys/{key_id}/retire", summary="A key opens nothing any more", responses=_CHANGES)
def retire(database: Db, caller: Caller, now: Now, key_id: KeyId) -> KeyOut:
    """Its lock was changed, or it broke."""
    with database.writing() as session:
        return _key(session, caller, keys.retire_key(session, key_id, actor=caller.staff_id, now=now), None)


def _key(session: Session, caller: SignedIn, key: MechanicalKey, out: KeyHandover | None) -> KeyOut:
    own = out is not None and is_own(session, caller.organisation_id, "contract_id", out.contract_id)
    return KeyOut(
        id=key.id,
        bank=key.locker.bank_id,
        locker=key.locker.number,
        key_number=key.number,
        retired_at=key.retired_at,
        contract_id=out.contract_id if out and own else None,
        given_at=out.given_at if out else None,
        lost_at=out.lost_at if out else None,
    )
