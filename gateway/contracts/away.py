"""Absences and deaths: what they stop, and for how long. Both concern a person, on all of their contracts."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from gateway.audit import service as audit
from gateway.contracts import codes, holdings
from gateway.contracts.decisions import decide
from gateway.contracts.holders import people_on
from gateway.contracts.models import Absence, Contract, Party
from gateway.contracts.states import Action, State, state_at
from gateway.days import day_after, day_start, local_day
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError
from gateway.people.service import open_person, person_of

_OPENS = (State.UPCOMING, State.ACTIVE, State.SUSPENDED, State.ENDING)


def leave(
    session: Session, person_id: str, *, kind: str, from_on: date, expected_on: date | None = None,
    note: str | None = None, actor: str, now: int,
) -> Absence:  # fmt: skip
    """Someone is away: reviews, the time to collect and disposal wait, without an end, until `back` is decided.

    Raises NotFoundError (`person`), InvalidError (`kind`, `dates`), ConflictError (`away`, `erased`, `locker_taken`
    where their locker is promised to someone else after the time to collect: move that contract first).
    """
    person = open_person(session, person_id)
    codes.checked(codes.AbsenceKind, kind, "kind")
    if expected_on is not None and expected_on < from_on:
        raise InvalidError("dates", "the expected return is before the first day")
    if absence_of(session, person_id) is not None:
        raise ConflictError("away", "an absence of this person is written down already: end it first")
    absence = Absence(
        id=new_id(now), person_id=person.id, kind=kind, from_on=from_on, expected_on=expected_on, note=note or None,
        recorded_by=actor, recorded_at=now,
    )  # fmt: skip
    session.add(absence)
    session.flush()
    audit.record(session, actor=actor, action="person_away", subject=person.id, now=now, kind=kind)
    wait_for(session, person_id, actor=actor, now=now)
    return absence


def wait_for(session: Session, person_id: str, *, actor: str, now: int) -> None:
    """The time to collect of whoever is away has no end on any of their contracts. Raises ConflictError as leave."""
    for contract in _open_contracts(session, person_id, now):
        if contract.frozen_at is None:
            decision = decide(session, contract, Action.AWAY, actor=actor, now=now)
            stop_grace(session, contract, now)
            decision.done("holder_away")


def back(session: Session, person_id: str, *, actor: str, now: int) -> Absence | None:
    """A person decides that the absence is over; what time to collect there is begins anew, in full, where it ran.

    Nothing happens if nobody was away; returns the absence that ended. Raises NotFoundError (`person`).
    """
    person_of(session, person_id)
    absence = absence_of(session, person_id)
    if absence is None:
        return None
    absence.ended_at, absence.ended_by = now, actor
    session.flush()
    audit.record(session, actor=actor, action="person_back", subject=person_id, now=now)
    for contract in _open_contracts(session, person_id, now):
        others = (one.person_id for one in people_on(contract, now))
        if contract.frozen_at is None and not any(absence_of(session, other) for other in others):
            decision = decide(session, contract, Action.BACK, actor=actor, now=now)
            resume_grace(session, contract, now)
            decision.done("holder_back")
    return absence


def absence_of(session: Session, person_id: str) -> Absence | None:
    """The absence that has not ended."""
    return session.scalar(select(Absence).where(Absence.person_id == person_id, Absence.ended_at.is_(None)))


def contracts_on(session: Session, person_id: str, now: int) -> Sequence[Contract]:
    """The contracts the person is on at `now`, ended ones too."""
    mine = Contract.id.in_(select(Party.contract_id).where(Party.person_id == person_id))
    query = select(Contract).options(selectinload(Contract.parties)).where(mine).order_by(Contract.id)
    found = session.scalars(query).unique()
    return [one for one in found if any(party.person_id == person_id for party in people_on(one, now))]


def stop_grace(session: Session, contract: Contract, now: int) -> None:
    """The time to collect has no end any more. Raises ConflictError (`locker_taken`)."""
    contract.grace_stopped_at = now
    contract.collect_until = holdings.UNDECIDED
    holdings.fit(session, contract, now)


def resume_grace(session: Session, contract: Contract, now: int) -> None:
    """The time to collect follows the contract's end again, or begins now if that was before.

    Never fewer days than were granted; who was away when it ended has at least the rest of this one.
    """
    contract.grace_stopped_at = None
    if contract.until_at > now:
        contract.collect_until = holdings.collect_end(contract)
    else:
        zone, days = holdings.zone_of(contract), max(contract.terms.grace_days, contract.collect_days or 0)
        rest_of_day = day_start(zone, day_after(local_day(zone, now)))
        contract.collect_until = max(rest_of_day, holdings.grace_from(contract, now, days))
    holdings.fit(session, contract, now)


def settle_grace(session: Session, contract: Contract, now: int) -> None:
    """After a change of its people or a signature: stopped while one of them is away, going on once none is.

    Raises ConflictError (`locker_taken`).
    """
    if contract.frozen_at is not None or state_at(contract, now) not in _OPENS:
        return
    away = any(absence_of(session, one.person_id) for one in people_on(contract, now))
    if away and contract.grace_stopped_at is None:
        stop_grace(session, contract, now)
    elif not away and contract.grace_stopped_at is not None:
        resume_grace(session, contract, now)


def _open_contracts(session: Session, person_id: str, now: int) -> Sequence[Contract]:
    return [one for one in contracts_on(session, person_id, now) if state_at(one, now) in _OPENS]
