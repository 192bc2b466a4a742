"""Safekeeping over HTTP, and whether a locker can be given again."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from gateway.custody import outcomes, readiness, service, waiting
from gateway.custody.readiness import Readiness
from gateway.custody.schemas import (
    AwaitedOut,
    ChecksIn,
    CustodyIn,
    CustodyOut,
    DisposeIn,
    GiveBackIn,
    KeepLongerIn,
    PlaceIn,
    ReadinessOut,
    StoreIn,
    ThingIn,
    ThingOut,
    WitnessIn,
    awaited_out,
    custody_out,
    readiness_out,
)
from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.lockers.service import locker_of
from gateway.problems import responses
from gateway.staff.scope import is_own, require_named, require_running
from gateway.staff.service import SignedIn

router = APIRouter(tags=["safekeeping"])
CustodyId = Annotated[str, Path(max_length=36)]
ThingId = Annotated[str, Path(max_length=36)]
Bank = Annotated[str, Path(max_length=40)]
Number = Annotated[int, Path(ge=1, le=99_999)]
_CHANGES = responses(404, 409)


@router.get("/custodies", summary="Belongings in safekeeping")
def list_custodies(
    database: Db,
    caller: Caller,
    contract: Annotated[str | None, Query(max_length=36)] = None,
    site: Annotated[str | None, Query(max_length=36)] = None,
    is_open: Annotated[bool | None, Query(alias="open", description="whether anything is still to be done")] = None,
    after: After = None,
    limit: Limit = PAGE,
) -> PageOut[CustodyOut]:
    """In the order in which they were begun."""
    with database.reading() as session:
        page = service.list_custodies(
            session,
            contract_id=contract,
            site_id=site,
            is_open=is_open,
            organisation_id=caller.organisation_id,
            after=after,
            limit=limit,
        )
        return PageOut(items=[custody_out(one) for one in page.items], next=page.next)


@router.post("/custodies", status_code=201, summary="Begin, or resume", responses=_CHANGES)
def begin(database: Db, caller: Caller, now: Now, wanted: CustodyIn) -> CustodyOut:
    """Refused while the holder may still collect; what was begun already is answered as it stands."""
    with database.writing() as session:
        require_named(session, caller, now, contract_id=wanted.contract_id)
        made = service.begin(
            session, wanted.contract_id, locker_id=wanted.locker_id, actor=caller.staff_id, now=now
        )  # fmt: skip
        return custody_out(made)


@router.post(
    "/lockers/{bank}/{number}/custodies",
    status_code=201,
    summary="Begin, or resume, where nobody knows whose it is",
    responses=_CHANGES,
)
def begin_nobodys(database: Db, caller: Caller, now: Now, bank: Bank, number: Number) -> CustodyOut:
    """Where somebody used the locker who is not known here; by whoever owns or operates the block."""
    with database.writing() as session:
        require_running(session, caller, now, bank)
        return custody_out(service.begin_nobodys(session, bank, number, actor=caller.staff_id, now=now))


@router.get("/custodies/{custody_id}", summary="One of them", responses=responses(404))
def custody(database: Db, _caller: Caller, custody_id: CustodyId) -> CustodyOut:
    """With every line of its inventory."""
    with database.reading() as session:
        return custody_out(service.custody_of(session, custody_id))


@router.post("/custodies/{custody_id}/things", status_code=201, summary="One more line", responses=_CHANGES)
def add_thing(database: Db, caller: Caller, now: Now, custody_id: CustodyId, thing: ThingIn) -> ThingOut:
    """Until the inventory is witnessed."""
    with database.writing() as session:
        added = service.add_thing(
            session, custody_id, kind=thing.kind, quantity=thing.quantity, description=thing.description,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return ThingOut.model_validate(added)


@router.post("/custodies/{custody_id}/things/{thing_id}/drop", summary="Take a line out", responses=_CHANGES)
def drop_thing(database: Db, caller: Caller, now: Now, custody_id: CustodyId, thing_id: ThingId) -> CustodyOut:
    """Until the inventory is witnessed."""
    with database.writing() as session:
        return custody_out(service.drop_thing(session, custody_id, thing_id, actor=caller.staff_id, now=now))


@router.post("/custodies/{custody_id}/nothing-left", summary="The locker was empty", responses=_CHANGES)
def nothing_left(database: Db, caller: Caller, now: Now, custody_id: CustodyId) -> CustodyOut:
    """Closes it and confirms the locker empty."""
    with database.writing() as session:
        return custody_out(service.nothing_left(session, custody_id, actor=caller.staff_id, now=now))


@router.post("/custodies/{custody_id}/witness", summary="The inventory is complete", responses=_CHANGES)
def bear_witness(database: Db, caller: Caller, now: Now, custody_id: CustodyId, by: WitnessIn) -> CustodyOut:
    """It does not change from now on."""
    with database.writing() as session:
        changed = service.witness(
            session, custody_id, witness=by.witness, name=by.name, photographs_kept=by.photographs_kept,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return custody_out(changed)


@router.post("/custodies/{custody_id}/store", summary="Labelled and put away", responses=_CHANGES)
def store(database: Db, caller: Caller, now: Now, custody_id: CustodyId, where: StoreIn) -> CustodyOut:
    """The locker is empty, and the keeping time begins."""
    with database.writing() as session:
        changed = service.store(
            session, custody_id, place=where.place, label=where.label, actor=caller.staff_id, now=now
        )
        return custody_out(changed)


@router.post("/custodies/{custody_id}/place", summary="Put elsewhere", responses=_CHANGES)
def put_elsewhere(database: Db, caller: Caller, now: Now, custody_id: CustodyId, where: PlaceIn) -> CustodyOut:
    """Another shelf."""
    with database.writing() as session:
        changed = service.put_elsewhere(session, custody_id, place=where.place, actor=caller.staff_id, now=now)
        return custody_out(changed)


@router.post("/custodies/{custody_id}/keep-longer", summary="Keep it longer", responses=_CHANGES)
def keep_longer(database: Db, caller: Caller, now: Now, custody_id: CustodyId, longer: KeepLongerIn) -> CustodyOut:
    """The keeping time is never made shorter."""
    with database.writing() as session:
        changed = service.keep_longer(session, custody_id, keep_until=longer.keep_until, actor=caller.staff_id, now=now)
        return custody_out(changed)


@router.post("/custodies/{custody_id}/give-back", summary="Give back or hand over", responses=_CHANGES)
def give_back(database: Db, caller: Caller, now: Now, custody_id: CustodyId, given: GiveBackIn) -> CustodyOut:
    """The last thing closes it."""
    with database.writing() as session:
        changed = outcomes.give_back(
            session, custody_id, recipient=given.recipient, things=given.things, note=given.note,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return custody_out(changed)


@router.post("/custodies/{custody_id}/dispose", summary="Dispose of the rest", responses=_CHANGES)
def dispose(database: Db, caller: Caller, now: Now, custody_id: CustodyId, why: DisposeIn) -> CustodyOut:
    """Never of papers, medicine, money, keys and photographs: those stay, to be settled one by one."""
    with database.writing() as session:
        changed = outcomes.dispose(
            session, custody_id, reason=why.reason, note=why.note, actor=caller.staff_id, now=now
        )
        return custody_out(changed)


@router.post("/custodies/{custody_id}/things/{thing_id}/dispose", summary="Dispose of one thing", responses=_CHANGES)
def dispose_one(
    database: Db, caller: Caller, now: Now, custody_id: CustodyId, thing_id: ThingId, why: DisposeIn
) -> CustodyOut:
    """Of what matters only with a note that says where it went."""
    with database.writing() as session:
        changed = outcomes.dispose_one(
            session, custody_id, thing_id, reason=why.reason, note=why.note, actor=caller.staff_id, now=now
        )
        return custody_out(changed)


@router.get("/lockers/awaited", summary="Contracts that start while their locker is not ready")
def list_awaited(database: Db, caller: Caller, now: Now) -> PageOut[AwaitedOut]:
    """Started already, or within three days; their badges get the amber light until someone has looked."""
    with database.reading() as session:
        found = waiting.awaited(session, now, organisation_id=caller.organisation_id)
        return PageOut(items=[awaited_out(one) for one in found], next=None)


@router.get("/lockers/{bank}/{number}/readiness", summary="Can it be given again?", responses=responses(404))
def ready(database: Db, caller: Caller, now: Now, bank: Bank, number: Number) -> ReadinessOut:
    """What nobody has confirmed since its last holder."""
    with database.reading() as session:
        return _readiness(session, caller, readiness.readiness(session, locker_of(session, bank, number), now))


@router.post("/lockers/{bank}/{number}/checks", summary="Seen empty, cleaned, lock checked", responses=_CHANGES)
def confirm(database: Db, caller: Caller, now: Now, bank: Bank, number: Number, seen: ChecksIn) -> ReadinessOut:
    """Refused while a contract has the locker."""
    with database.writing() as session:
        locker = locker_of(session, bank, number)
        found = readiness.confirm(session, locker, seen.checks, actor=caller.staff_id, now=now)
        return _readiness(session, caller, found)


def _readiness(session: Session, caller: SignedIn, found: Readiness) -> ReadinessOut:
    """Another organisation's safekeeping is left out."""
    out = readiness_out(found)
    if found.custody_id is None or is_own(session, caller.organisation_id, "custody_id", found.custody_id):
        return out
    return out.model_copy(update={"custody_id": None})
