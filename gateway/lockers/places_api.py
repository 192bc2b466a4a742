"""Organisations, sites, banks and lockers over HTTP, and who is what to a bank."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.lockers import allotments, keys, roles, service
from gateway.lockers.models import Allotment, Locker
from gateway.lockers.places_schemas import (
    AllotIn,
    AllotmentOut,
    BankIn,
    LockerPlaceOut,
    LockersIn,
    LockIn,
    MeasureIn,
    OrganisationIn,
    OrganisationOut,
    PlaceOut,
    RoleIn,
    RoleOut,
    SiteIn,
    SiteOut,
)
from gateway.paging import in_pages
from gateway.problems import responses
from gateway.staff.scope import require_organisation

router = APIRouter(tags=["places"])
BankId = Annotated[str, Path(max_length=40)]
Number = Annotated[int, Path(ge=1, le=99_999)]
_CHANGES = responses(404, 409)


@router.get("/organisations", summary="Organisations, by name")
def list_organisations(
    database: Db, _caller: Caller, after: After = None, limit: Limit = PAGE
) -> PageOut[OrganisationOut]:
    """Charities, cities, and whoever runs banks."""
    with database.reading() as session:
        page = in_pages(service.list_organisations(session), lambda one: one.id, after=after, limit=limit)
        return PageOut(items=[OrganisationOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/organisations", status_code=201, summary="A new organisation")
def add_organisation(database: Db, caller: Caller, now: Now, organisation: OrganisationIn) -> OrganisationOut:
    """One of that name that is there already is given back."""
    with database.writing() as session:
        made = service.organisation_named(session, organisation.name, actor=caller.staff_id, now=now)
        return OrganisationOut.model_validate(made)


@router.get("/sites", summary="Sites, by name")
def list_sites(database: Db, _caller: Caller, after: After = None, limit: Limit = PAGE) -> PageOut[SiteOut]:
    """Places with their time zones."""
    with database.reading() as session:
        page = in_pages(service.list_sites(session), lambda one: one.id, after=after, limit=limit)
        return PageOut(items=[SiteOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/sites", status_code=201, summary="A new site", responses=_CHANGES)
def add_site(database: Db, caller: Caller, now: Now, site: SiteIn) -> SiteOut:
    """One of that name, organisation and zone that is there already is given back."""
    require_organisation(caller.organisation_id, site.organisation_id)
    with database.writing() as session:
        roles.organisation_of(session, site.organisation_id)
        made = service.site_named(
            session, site.name, organisation_id=site.organisation_id, zone=site.zone, actor=caller.staff_id, now=now
        )
        return SiteOut.model_validate(made)


@router.post("/banks", status_code=201, summary="A new bank", responses=_CHANGES)
def add_bank(database: Db, caller: Caller, now: Now, bank: BankIn) -> PlaceOut:
    """A manual one is complete with its lockers; one with a controller is joined with `controllers add`."""
    with database.writing() as session:
        require_organisation(caller.organisation_id, service.site_of(session, bank.site_id).organisation_id)
        made = service.add_bank(
            session, bank_id=bank.id, site_id=bank.site_id, name=bank.name, actor=caller.staff_id, now=now
        )
        return PlaceOut.model_validate(made)


@router.post("/banks/{bank}/lockers", status_code=201, summary="New lockers", responses=_CHANGES)
def add_lockers(database: Db, caller: Caller, now: Now, bank: BankId, lockers: LockersIn) -> PageOut[LockerPlaceOut]:
    """Those that were made."""
    with database.writing() as session:
        numbers = service.numbered(lockers.first, lockers.last)
        service.require_new(session, bank, numbers)
        made = service.add_lockers(
            session, bank, numbers, size=lockers.size, litres=lockers.litres,
            lock=lockers.lock, since=lockers.since, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return PageOut(items=[LockerPlaceOut.model_validate(one) for one in made], next=None)


@router.put("/lockers/{bank}/{number}/size", summary="How large it is", responses=responses(404))
def measure(database: Db, caller: Caller, now: Now, bank: BankId, number: Number, size: MeasureIn) -> LockerPlaceOut:
    """Both values, as they are now."""
    with database.writing() as session:
        changed = service.measure(
            session, bank, number, size=size.size, litres=size.litres, actor=caller.staff_id, now=now
        )
        return LockerPlaceOut.model_validate(changed)


@router.put("/lockers/{bank}/{number}/lock", summary="From key to badge, or from badge to key", responses=_CHANGES)
def fit_lock(database: Db, caller: Caller, now: Now, bank: BankId, number: Number, lock: LockIn) -> LockerPlaceOut:
    """To a badge at any time: the contract goes on, its keys are dead. To a key only while nobody has the locker."""
    fit = keys.fit_badge_lock if lock.lock == "badge" else keys.fit_key_lock
    with database.writing() as session:
        return LockerPlaceOut.model_validate(fit(session, bank, number, actor=caller.staff_id, now=now))


@router.post("/lockers/{bank}/{number}/retire", summary="Out of service for good", responses=_CHANGES)
def retire(database: Db, caller: Caller, now: Now, bank: BankId, number: Number) -> LockerPlaceOut:
    """Refused while someone has it or will, and until somebody has seen it empty; its past stays in every figure."""
    with database.writing() as session:
        return LockerPlaceOut.model_validate(
            service.retire_locker(session, bank, number, actor=caller.staff_id, now=now)
        )


@router.get("/banks/{bank}/roles", summary="Who is what to a bank", responses=responses(404))
def list_roles(
    database: Db, _caller: Caller, bank: BankId, after: After = None, limit: Limit = PAGE
) -> PageOut[RoleOut]:
    """Its owner, its operator and the charities it supports."""
    with database.reading() as session:
        service.bank_of(session, bank)
        found = roles.roles_at(session, bank)
        page = in_pages(found, lambda one: f"{one.role}:{one.organisation_id}", after=after, limit=limit)
        return PageOut(items=[RoleOut.model_validate(one) for one in page.items], next=page.next)


@router.post("/banks/{bank}/roles", status_code=201, summary="Give a role", responses=_CHANGES)
def give_role(database: Db, caller: Caller, now: Now, bank: BankId, role: RoleIn) -> RoleOut:
    """A bank has one owner and one operator at most."""
    with database.writing() as session:
        given = roles.give_role(session, bank, role.organisation_id, role.role, actor=caller.staff_id, now=now)
        return RoleOut.model_validate(given)


@router.delete(
    "/banks/{bank}/roles/{organisation_id}/{role}", status_code=204, summary="Take a role back", responses=_CHANGES
)
def take_role(
    database: Db, caller: Caller, now: Now, bank: BankId, organisation_id: Annotated[str, Path(max_length=36)],
    role: roles.Role,
) -> Response:  # fmt: skip
    """Refused while lockers are allotted to an organisation that would have no role left."""
    with database.writing() as session:
        roles.take_role(session, bank, organisation_id, role, actor=caller.staff_id, now=now)
    return Response(status_code=204)


@router.get("/banks/{bank}/allotments", summary="Lockers kept for one organisation", responses=responses(404))
def list_allotments(
    database: Db, _caller: Caller, now: Now, bank: BankId, after: After = None, limit: Limit = PAGE
) -> PageOut[AllotmentOut]:
    """Those in force, by the number of the locker."""
    with database.reading() as session:
        found = allotments.allotments_of(session, bank, now)
        page = in_pages(found, lambda one: one[1].id, after=after, limit=limit)
        return PageOut(items=[_allotment(*one) for one in page.items], next=page.next)


@router.post("/banks/{bank}/allotments", status_code=201, summary="Keep a locker for one", responses=_CHANGES)
def allot(database: Db, caller: Caller, now: Now, bank: BankId, wish: AllotIn) -> AllotmentOut:
    """For its people alone; others see it occupied."""
    with database.writing() as session:
        made = allotments.allot(
            session, bank, wish.number, organisation_id=wish.organisation_id, until_on=wish.until_on,
            actor=caller.staff_id, now=now,
        )  # fmt: skip
        return _allotment(service.locker_of(session, bank, wish.number), made)


@router.post("/banks/{bank}/allotments/{allotment_id}/take-back", summary="For everyone again", responses=_CHANGES)
def take_back(
    database: Db, caller: Caller, now: Now, bank: BankId, allotment_id: Annotated[str, Path(max_length=36)]
) -> AllotmentOut:
    """Contracts in it go on."""
    with database.writing() as session:
        ended = allotments.take_back(session, allotment_id, bank_id=bank, actor=caller.staff_id, now=now)
        return _allotment(session.get_one(Locker, ended.locker_id), ended)


def _allotment(locker: Locker, allotment: Allotment) -> AllotmentOut:
    return AllotmentOut(
        id=allotment.id, bank=locker.bank_id, number=locker.number, organisation_id=allotment.organisation_id,
        from_at=allotment.from_at, until_at=allotment.until_at,
    )  # fmt: skip
