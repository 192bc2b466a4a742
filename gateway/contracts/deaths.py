"""A death freezes what is inside for those entitled, and ends reminders; a mistaken report is taken back."""

import json
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.contracts import codes, parties, service
from gateway.contracts.away import absence_of, contracts_on, settle_grace, stop_grace, wait_for
from gateway.contracts.begun import begin_if_let_in
from gateway.contracts.decisions import decide
from gateway.contracts.holders import people_on
from gateway.contracts.holdings import zone_of
from gateway.contracts.models import Absence, Contract, Death
from gateway.contracts.service import How, say_how, unsay_how
from gateway.contracts.states import Action, State, state_at
from gateway.days import day_after, day_start
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.people.service import open_person

_HOW = How(decided_by=codes.DecidedBy.CIRCUMSTANCES, destination=codes.Destination.DIED)


def record(
    session: Session, person_id: str, *, died_on: date | None = None, note: str | None = None, actor: str, now: int
) -> Death:
    """The person has died: their contracts end, their lockers freeze, and only a person's decision empties them.

    Of a couple the other goes on, with everything inside. Raises NotFoundError (`person`), InvalidError (`died_on`),
    ConflictError (`death`, `erased`, `locker_taken` where the locker is promised to someone else: move that contract
    first).
    """
    person = open_person(session, person_id)
    if died_on is not None and day_start("UTC", died_on) > now + 86_400_000:
        raise InvalidError("died_on", "this day has not come yet")
    if death_of(session, person_id) is not None:
        raise ConflictError("death", "this death is written down already")
    death = Death(
        id=new_id(now), person_id=person.id, died_on=died_on, note=note or None, recorded_by=actor, recorded_at=now
    )
    session.add(death)
    session.flush()
    audit.record(session, actor=actor, action="death_recorded", subject=person.id, now=now)
    absence = absence_of(session, person_id)
    if absence is not None:
        absence.ended_at, absence.ended_by = now, actor
    for contract in contracts_on(session, person_id, now):
        _end(session, contract, person_id, actor, now)
    return death


def withdraw(session: Session, person_id: str, *, actor: str, now: int) -> Death:
    """The report was a mistake: frozen contracts go on to their last day, or get a new time to collect.

    One whose locker was emptied meanwhile stays over, and nothing says any more that it ended with a death.
    Who was away when it was written down still is, until a person decides otherwise.
    Contracts that had not begun, and a couple's, are made anew. Raises NotFoundError (`death`), ConflictError
    (`locker_taken` where a locker they were given meanwhile is promised to someone else: move that contract first).
    """
    death = death_of(session, person_id)
    if death is None:
        raise NotFoundError("death", "no death of this person is written down")
    death.withdrawn_at, death.withdrawn_by = now, actor
    audit.record(session, actor=actor, action="death_withdrawn", subject=person_id, now=now)
    is_away = _reopen_absence(session, death)
    for contract in contracts_on(session, person_id, now):
        if contract.frozen_at is not None:
            _thaw(session, contract, actor, now)
    if is_away:
        wait_for(session, person_id, actor=actor, now=now)
    return death


def death_of(session: Session, person_id: str) -> Death | None:
    """The person's death, if it is written down and was not a mistake: nobody is to be reminded of them."""
    return session.scalar(select(Death).where(Death.person_id == person_id, Death.withdrawn_at.is_(None)))


def _end(session: Session, contract: Contract, person_id: str, actor: str, now: int) -> None:
    if state_at(contract, now) is State.ENDED or contract.frozen_at is not None:
        return
    if len(people_on(contract, now)) > 1:
        parties.part(session, contract.id, person_id=person_id, actor=actor, now=now)
        return
    begin_if_let_in(session, contract, now)
    if state_at(contract, now) in (State.DRAFT, State.UPCOMING):
        service.end(session, contract.id, reason=codes.EndReason.DEATH, how=_HOW, actor=actor, now=now)
    else:
        _freeze(session, contract, actor, now)


def _freeze(session: Session, contract: Contract, actor: str, now: int) -> None:
    decision = decide(session, contract, Action.DIED, actor=actor, now=now)
    if contract.until_at > now:
        contract.ended_at = contract.until_at = now
        contract.how_before_death = _planned(contract)
        say_how(contract, codes.EndReason.DEATH, _HOW)
    contract.frozen_at = now
    for notice in contract.notices:
        if notice.given_at is None:
            notice.given_at, notice.given_by = now, actor
    stop_grace(session, contract, now)
    decision.done("holder_died")


def _thaw(session: Session, contract: Contract, actor: str, now: int) -> None:
    decision = decide(session, contract, Action.ALIVE, actor=actor, now=now)
    if contract.ended_at == contract.frozen_at:
        if decision.before is State.ENDING:
            contract.ended_at = None
            contract.until_at = day_start(zone_of(contract), day_after(contract.ends_on))
            _put_back_planned(contract)
        elif any(row.reason == codes.EndReason.DEATH for row in contract.end_reasons):
            _put_back_planned(contract)
    contract.frozen_at = contract.how_before_death = None
    settle_grace(session, contract, now)
    decision.done("holder_lives")


def _planned(contract: Contract) -> str | None:
    """What is said of an end that is planned."""
    reasons = [row.reason for row in contract.end_reasons]
    said = (contract.end_decided_by, contract.destination, contract.stability, contract.end_note)
    return json.dumps([reasons, *said]) if reasons else None


def _put_back_planned(contract: Contract) -> None:
    if contract.how_before_death is None:
        unsay_how(contract)
    else:
        (reason, *more), *said = json.loads(contract.how_before_death)
        say_how(contract, reason, How(tuple(more), *said))


def _reopen_absence(session: Session, death: Death) -> bool:
    """The one that the report of the death closed, if there is one."""
    closed = select(Absence).where(Absence.person_id == death.person_id, Absence.ended_at == death.recorded_at)
    absence = session.scalar(closed.order_by(Absence.id.desc()).limit(1))
    if absence is None or absence_of(session, death.person_id) is not None:
        return False
    absence.ended_at = absence.ended_by = None
    session.flush()
    return True
