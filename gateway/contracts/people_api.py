"""Who is on a contract, messages, absences and deaths over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import select

from gateway.contracts import away, deaths, notices, parties, trusted
from gateway.contracts.api import ContractId, Seen
from gateway.contracts.models import Transition
from gateway.contracts.people_schemas import (
    AbsenceIn,
    AbsenceOut,
    ContractFileOut,
    DeathIn,
    DeathOut,
    JoinIn,
    NoticeIn,
    NoticeOut,
    PartyIn,
    TransitionOut,
    TrustedBadgeIn,
    TrustedIn,
    TrustedOut,
)
from gateway.contracts.schemas import ContractOut, contract_out
from gateway.contracts.service import contract_of
from gateway.edge import PAGE, After, Caller, Db, Limit, PageOut, Writing
from gateway.paging import page_of
from gateway.problems import responses

router = APIRouter(tags=["contracts"])
PersonId = Annotated[str, Path(max_length=36)]
SomeId = Annotated[str, Path(max_length=36)]
_CHANGES = responses(404, 409)


@router.get("/contracts/{contract_id}/transitions", summary="Who decided what, when, why", responses=responses(404))
def transitions(
    database: Db, _caller: Caller, contract_id: ContractId, after: After = None, limit: Limit = PAGE
) -> PageOut[TransitionOut]:
    """In the order of the decisions."""
    with database.reading() as session:
        query = select(Transition).where(Transition.contract_id == contract_of(session, contract_id).id)
        page = page_of(session, query, Transition.id, after=after, limit=limit)
        return PageOut(items=[TransitionOut.model_validate(one) for one in page.items], next=page.next)


@router.get("/contracts/{contract_id}/file", summary="Trusted persons, messages, end", responses=responses(404))
def contract_file(database: Db, _caller: Caller, contract_id: ContractId) -> ContractFileOut:
    """What only whoever decides about contracts sees."""
    with database.reading() as session:
        return ContractFileOut.model_validate(contract_of(session, contract_id))


@router.post("/contracts/{contract_id}/join", summary="A second person on the contract", responses=_CHANGES)
def join(writing: Writing, caller: Caller, contract_id: ContractId, party: JoinIn, seen: Seen = None) -> ContractOut:
    """Their badges open from now on, under the same dates; two people at most."""
    with writing() as (session, now):
        changed = parties.join(
            session, contract_id, person_id=party.person_id, despite_exclusion=party.despite_exclusion,
            actor=caller.staff_id, now=now, seen=seen,
        )  # fmt: skip
        return contract_out(changed, now)


@router.post("/contracts/{contract_id}/part", summary="One of two leaves the contract", responses=_CHANGES)
def part(writing: Writing, caller: Caller, contract_id: ContractId, party: PartyIn, seen: Seen = None) -> ContractOut:
    """Their badges, and those of whom they trusted, stop opening at once; the contract goes on for the other."""
    with writing() as (session, now):
        changed = parties.part(
            session, contract_id, person_id=party.person_id, actor=caller.staff_id, now=now, seen=seen
        )
        return contract_out(changed, now)


@router.post("/contracts/{contract_id}/trusted", status_code=201, summary="Name a trusted person", responses=_CHANGES)
def trust(
    writing: Writing, caller: Caller, contract_id: ContractId, person: TrustedIn, seen: Seen = None
) -> TrustedOut:
    """A dated badge of their own, within the contract's dates."""
    with writing() as (session, now):
        named = trusted.trust(
            session, contract_id, person_id=person.person_id, name=person.name, from_on=person.from_on,
            until_on=person.until_on, badge_id=person.badge_id, actor=caller.staff_id, now=now, seen=seen,
        )  # fmt: skip
        return TrustedOut.model_validate(named)


@router.post("/trusted/{trusted_id}/badge", summary="A badge for a trusted person", responses=_CHANGES)
def give_badge(writing: Writing, caller: Caller, trusted_id: SomeId, badge: TrustedBadgeIn) -> TrustedOut:
    """From stock: the first, or another one."""
    with writing() as (session, now):
        trusted.give_badge(session, trusted_id, badge_id=badge.badge_id, actor=caller.staff_id, now=now)
        return TrustedOut.model_validate(trusted.trusted_of(session, trusted_id))


@router.post("/trusted/{trusted_id}/end", summary="Take the trust back", responses=_CHANGES)
def distrust(writing: Writing, caller: Caller, trusted_id: SomeId) -> TrustedOut:
    """Their badges are dead at once; again changes nothing."""
    with writing() as (session, now):
        return TrustedOut.model_validate(trusted.distrust(session, trusted_id, actor=caller.staff_id, now=now))


@router.post("/contracts/{contract_id}/notices", status_code=201, summary="Leave a message", responses=_CHANGES)
def leave_notice(
    writing: Writing, caller: Caller, contract_id: ContractId, notice: NoticeIn, seen: Seen = None
) -> NoticeOut:
    """The door opens, and the light says that a message waits."""
    with writing() as (session, now):
        left = notices.leave(
            session, contract_id, why=notice.why.value, text=notice.text, person_id=notice.person_id,
            actor=caller.staff_id, now=now, seen=seen,
        )  # fmt: skip
        return NoticeOut.model_validate(left)


@router.post("/notices/{notice_id}/give", summary="The message was given", responses=_CHANGES)
def give_notice(writing: Writing, caller: Caller, notice_id: SomeId) -> NoticeOut:
    """The light is the usual one again; again changes nothing."""
    with writing() as (session, now):
        return NoticeOut.model_validate(notices.give(session, notice_id, actor=caller.staff_id, now=now))


@router.post("/people/{person_id}/absence", status_code=201, summary="Someone is away", responses=_CHANGES)
def leave(writing: Writing, caller: Caller, person_id: PersonId, absence: AbsenceIn) -> AbsenceOut:
    """Reviews, the time to collect and disposal wait until someone decides that it is over."""
    with writing() as (session, now):
        written = away.leave(
            session, person_id, kind=absence.kind.value, from_on=absence.from_on, expected_on=absence.expected_on,
            note=absence.note, actor=caller.staff_id, now=now,
        )  # fmt: skip
        return AbsenceOut.model_validate(written)


@router.post("/people/{person_id}/back", summary="The absence is over", responses=_CHANGES)
def back(writing: Writing, caller: Caller, person_id: PersonId) -> AbsenceOut | None:
    """A time to collect that ran begins anew, in full; nothing happens if nobody was away."""
    with writing() as (session, now):
        ended = away.back(session, person_id, actor=caller.staff_id, now=now)
        return AbsenceOut.model_validate(ended) if ended else None


@router.post("/people/{person_id}/death", status_code=201, summary="Someone has died", responses=_CHANGES)
def record_death(writing: Writing, caller: Caller, person_id: PersonId, death: DeathIn) -> DeathOut:
    """Their lockers freeze for those entitled, reminders end; of a couple the other goes on."""
    with writing() as (session, now):
        written = deaths.record(
            session, person_id, died_on=death.died_on, note=death.note, actor=caller.staff_id, now=now
        )
        return DeathOut.model_validate(written)


@router.post("/people/{person_id}/death/withdraw", summary="The report was a mistake", responses=_CHANGES)
def withdraw_death(writing: Writing, caller: Caller, person_id: PersonId) -> DeathOut:
    """Contracts that ended by it go on to their last day, or get a new time to collect."""
    with writing() as (session, now):
        return DeathOut.model_validate(deaths.withdraw(session, person_id, actor=caller.staff_id, now=now))
