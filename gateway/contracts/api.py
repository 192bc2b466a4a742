"""Contracts over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from gateway.contracts import endings, service
from gateway.contracts.schemas import (
    ContractIn,
    ContractOut,
    EmptiedIn,
    EndIn,
    HowIn,
    MoveIn,
    PlanEndIn,
    ReassignIn,
    RenewIn,
    SignIn,
    SuspendIn,
    contract_out,
    contract_seen,
)
from gateway.contracts.states import State
from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut, Writing
from gateway.problems import responses

router = APIRouter(prefix="/contracts", tags=["contracts"])
ContractId = Annotated[str, Path(max_length=36)]
Seen = Annotated[
    int | None, Query(ge=1, description="the version you were looking at; 409 if it is not the present one")
]
_CHANGES = responses(404, 409)


@router.get("", summary="Contracts, in the order of their making")
def list_contracts(
    database: Db,
    caller: Caller,
    now: Now,
    person: Annotated[str | None, Query(max_length=36)] = None,
    bank: Annotated[str | None, Query(max_length=40)] = None,
    state: State | None = None,
    after: After = None,
    limit: Limit = PAGE,
) -> PageOut[ContractOut]:
    """Narrowed by person, bank and the state they are in now."""
    with database.reading() as session:
        page = service.list_contracts(
            session, person_id=person, bank_id=bank, state=state, organisation_id=caller.organisation_id, after=after,
            limit=limit, now=now,
        )  # fmt: skip
        return PageOut(items=[contract_seen(contract, caller.role, now) for contract in page.items], next=page.next)


@router.post("", status_code=201, summary="Assign a locker", responses=_CHANGES)
def assign(writing: Writing, caller: Caller, contract: ContractIn) -> ContractOut:
    """Refused, nothing changed, if the locker is held then, may still be collected from, or the badge is in use.

    Also until each condition of the scheme is recorded as met or with its exception (`conditions_open` names those
    that lack), and at a site from which the person is excluded (`excluded_here`).
    """
    with writing() as (session, now):
        made = service.assign(
            session,
            person_id=contract.person_id,
            bank_id=contract.bank,
            number=contract.number,
            starts_on=contract.starts_on,
            ends_on=contract.ends_on,
            badge_id=contract.badge_id,
            scheme_id=contract.scheme_id,
            worker_id=contract.worker_id,
            despite_exclusion=contract.despite_exclusion,
            draft=contract.draft,
            actor=caller.staff_id,
            now=now,
        )
        return contract_out(made, now)


@router.get("/{contract_id}", summary="One contract", responses=responses(404))
def contract(database: Db, caller: Caller, now: Now, contract_id: ContractId) -> ContractOut:
    """As of now."""
    with database.reading() as session:
        return contract_seen(service.contract_of(session, contract_id), caller.role, now)


@router.post("/{contract_id}/sign", summary="A draft becomes binding", responses=_CHANGES)
def sign(
    writing: Writing, caller: Caller, contract_id: ContractId, signature: SignIn | None = None, seen: Seen = None
) -> ContractOut:
    """Its dates hold from now on, and its locker is taken; conditions and exclusions are looked at as in assigning."""
    despite = signature.despite_exclusion if signature else None
    with writing() as (session, now):
        signed = service.sign(
            session, contract_id, despite_exclusion=despite, actor=caller.staff_id, now=now, seen=seen
        )
        return contract_out(signed, now)


@router.post("/{contract_id}/suspend", summary="Suspend", responses=_CHANGES)
def suspend(
    writing: Writing, caller: Caller, contract_id: ContractId, decision: SuspendIn, seen: Seen = None
) -> ContractOut:
    """The badge gets the amber light until the review date; staff can open for the holder."""
    with writing() as (session, now):
        changed = service.suspend(
            session, contract_id, reason=decision.reason.value, review_on=decision.review_on,
            fetch=decision.fetch.value, fetch_note=decision.fetch_note, from_on=decision.from_on, note=decision.note,
            actor=caller.staff_id, now=now, seen=seen,
        )  # fmt: skip
        return contract_out(changed, now)


@router.post("/{contract_id}/resume", summary="End a suspension", responses=_CHANGES)
def resume(writing: Writing, caller: Caller, contract_id: ContractId, seen: Seen = None) -> ContractOut:
    """The badge opens again at once; where no suspension is in force, the next that is planned is taken back."""
    with writing() as (session, now):
        return contract_out(service.resume(session, contract_id, actor=caller.staff_id, now=now, seen=seen), now)


@router.post("/{contract_id}/renew", summary="Renew", responses=_CHANGES)
def renew(
    writing: Writing, caller: Caller, contract_id: ContractId, renewal: RenewIn, seen: Seen = None
) -> ContractOut:
    """Same badge, same locker, no gap."""
    with writing() as (session, now):
        changed = service.renew(
            session, contract_id, ends_on=renewal.ends_on, actor=caller.staff_id, now=now, seen=seen
        )
        return contract_out(changed, now)


@router.post("/{contract_id}/move", summary="Change of locker", responses=_CHANGES)
def move(writing: Writing, caller: Caller, contract_id: ContractId, place: MoveIn, seen: Seen = None) -> ContractOut:
    """The contract goes on with another locker."""
    with writing() as (session, now):
        changed = service.move(
            session, contract_id, bank_id=place.bank, number=place.number, actor=caller.staff_id, now=now, seen=seen
        )
        return contract_out(changed, now)


@router.post("/{contract_id}/end", summary="End", responses=_CHANGES)
def end(writing: Writing, caller: Caller, contract_id: ContractId, decision: EndIn, seen: Seen = None) -> ContractOut:
    """Then comes the time to collect; ending what is over changes nothing."""
    with writing() as (session, now):
        changed = service.end(
            session, contract_id, reason=decision.reason.value, how=decision.how(),
            collect_days=decision.collect_days, actor=caller.staff_id, now=now, seen=seen,
        )  # fmt: skip
        return contract_out(changed, now)


@router.post("/{contract_id}/emptied", summary="The locker was seen empty", responses=_CHANGES)
def emptied(
    writing: Writing, caller: Caller, contract_id: ContractId, sight: EmptiedIn | None = None, seen: Seen = None
) -> ContractOut:
    """The time to collect is over; the locker can be given again once it is cleaned and its lock checked too."""
    with writing() as (session, now):
        changed = service.confirm_emptied(
            session, contract_id, also=sight.also if sight else (), actor=caller.staff_id, now=now, seen=seen
        )
        return contract_out(changed, now)


@router.post("/{contract_id}/plan-end", summary="Plan an end", responses=_CHANGES)
def plan_end(
    writing: Writing, caller: Caller, contract_id: ContractId, plan: PlanEndIn, seen: Seen = None
) -> ContractOut:
    """An earlier last day, in force at the doors whatever happens; renewing takes it back."""
    with writing() as (session, now):
        changed = endings.plan_end(
            session, contract_id, ends_on=plan.ends_on, reason=plan.reason.value, how=plan.how(),
            actor=caller.staff_id, now=now, seen=seen,
        )  # fmt: skip
        return contract_out(changed, now)


@router.post("/{contract_id}/how-ended", summary="Say why and how it ended", responses=_CHANGES)
def how_ended(
    writing: Writing, caller: Caller, contract_id: ContractId, account: HowIn, seen: Seen = None
) -> ContractOut:
    """For a contract that its date ended, or to put it right."""
    with writing() as (session, now):
        changed = service.tell_how(
            session, contract_id, reason=account.reason.value, how=account.how(), actor=caller.staff_id, now=now,
            seen=seen,
        )  # fmt: skip
        return contract_out(changed, now)


@router.post("/{contract_id}/reassign", status_code=201, summary="Give its locker to someone else", responses=_CHANGES)
def reassign(
    writing: Writing, caller: Caller, contract_id: ContractId, next_one: ReassignIn, seen: Seen = None
) -> ContractOut:
    """Refused while the earlier holder holds it or may still collect, and until it is empty, cleaned and checked."""
    with writing() as (session, now):
        made = service.reassign(
            session,
            contract_id,
            person_id=next_one.person_id,
            starts_on=next_one.starts_on,
            ends_on=next_one.ends_on,
            badge_id=next_one.badge_id,
            worker_id=next_one.worker_id,
            despite_exclusion=next_one.despite_exclusion,
            actor=caller.staff_id,
            now=now,
            seen=seen,
        )
        return contract_out(made, now)
