"""What can be done with contracts: assign, suspend, resume, renew, move, end, reassign.

Dates are days in the site's zone; a contract that starts or ends needs no one to press anything, because every
state follows from them. Each change announces the banks whose lists it changes.
"""

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.changes import access_changed
from gateway.audit import service as audit
from gateway.badges import service as badges
from gateway.contracts import codes, repository
from gateway.contracts.models import Contract, EndReason, Holding, Party, Suspension
from gateway.contracts.states import Action, State, pause_end, require, state_at
from gateway.days import day_after, day_start, local_day
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.events.service import record
from gateway.lockers.models import Locker
from gateway.lockers.service import locker_of
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.people.service import person_of
from gateway.schemes.service import scheme_named, scheme_of

MAX_GRACE_DAYS = 365
# During a move both doors open for this long.
MOVE_MS = 24 * 3_600_000


def assign(
    session: Session,
    *,
    person_id: str,
    bank_id: str,
    number: int,
    starts_on: date,
    ends_on: date,
    badge_id: str | None = None,
    scheme_id: str | None = None,
    draft: bool = False,
    actor: str,
    now: int,
) -> Contract:
    """Contract, badge and access in one step; `starts_on` and `ends_on` are its first and last day.

    Raises NotFoundError (`person`, `bank`, `locker`, `badge`, `scheme`), InvalidError (`dates`, `date`), ConflictError
    (`locker_taken`, `still_collecting`, `badge_in_use`, `badge_revoked`).
    """
    person, locker = person_of(session, person_id), locker_of(session, bank_id, number)
    site = locker.bank.site
    scheme = scheme_of(session, scheme_id) if scheme_id else scheme_named(session, person.organisation_id, now=now)
    if ends_on < starts_on:
        raise InvalidError("dates", f"the last day ({ends_on}) is before the first ({starts_on})")
    last = day_after(ends_on)
    contract = Contract(
        id=new_id(now),
        person=person,
        scheme_id=scheme.id,
        starts_on=starts_on,
        ends_on=ends_on,
        terms=scheme.terms,
        from_at=_free_from(session, locker, starts_on, now),
        until_at=day_start(site.zone, last),
        collect_until=day_start(site.zone, day_after(last, scheme.terms.grace_days)),
        created_at=now,
        signed_at=None if draft else now,
        suspensions=[],
    )
    contract.parties.append(Party(id=new_id(now), person=person, place=1, from_at=contract.from_at))
    contract.holdings.append(_hold(session, contract, locker, now, draft=draft))
    session.add(contract)
    session.flush()
    if badge_id is not None:
        badges.give(session, badge_id, person_id=person.id, site_id=site.id, actor=actor, now=now)
    _changed(session, contract, "contract_assigned", actor, now)
    return contract


def sign(session: Session, contract_id: str, *, actor: str, now: int) -> Contract:
    """A draft becomes binding. Raises ConflictError (`transition`, `locker_taken`, `still_collecting`)."""
    contract = _in_turn(session, contract_id, Action.SIGN, now)
    contract.signed_at = now
    for holding in contract.holdings:
        _refuse_overlap(session, contract.id, holding.locker, contract.from_at, contract.collect_until, now)
        holding.from_at, holding.until_at = contract.from_at, contract.collect_until
    _changed(session, contract, "contract_signed", actor, now)
    return contract


def suspend(session: Session, contract_id: str, *, reason: str, review_on: date, actor: str, now: int) -> Contract:
    """The badge stops opening until `review_on` begins; suspending again moves that date.

    Raises InvalidError (`reason`, `review_on`), ConflictError (`transition`).
    """
    contract = _in_turn(session, contract_id, Action.SUSPEND, now)
    codes.checked(codes.SuspendReason, reason)
    zone = _zone(contract)
    if review_on <= local_day(zone, now):
        raise InvalidError("review_on", "the review date must be after today: a suspension ends at its date")
    until = day_start(zone, review_on)
    _lift(contract, now)
    contract.suspensions.append(
        Suspension(id=new_id(now), from_at=now, until_at=until, review_on=review_on, reason=reason, decided_by=actor)
    )
    _changed(session, contract, "contract_suspended", actor, now, reason=reason, until=until)
    return contract


def resume(session: Session, contract_id: str, *, actor: str, now: int) -> Contract:
    """Ends the suspension at once; resuming what is active changes nothing. Raises ConflictError (`transition`)."""
    contract = contract_of(session, contract_id)
    if state_at(contract, now) is State.ACTIVE:
        return contract
    require(state_at(contract, now), Action.RESUME)
    _lift(contract, now)
    _changed(session, contract, "contract_resumed", actor, now)
    return contract


def renew(session: Session, contract_id: str, *, ends_on: date, actor: str, now: int) -> Contract:
    """A later last day: same badge, same locker, no gap.

    Raises InvalidError (`dates`), ConflictError (`transition`, `locker_taken`).
    """
    contract = _in_turn(session, contract_id, Action.RENEW, now)
    zone = _zone(contract)
    last = day_after(ends_on)
    if day_start(zone, last) <= max(now, contract.until_at):
        raise InvalidError("dates", f"the new last day ({ends_on}) is not later than the present one")
    contract.ends_on, contract.until_at = ends_on, day_start(zone, last)
    contract.collect_until = day_start(zone, day_after(last, contract.terms.grace_days))
    contract.ended_at, contract.end_reasons = None, []
    _extend(session, contract, now)
    _changed(session, contract, "contract_renewed", actor, now)
    return contract


def move(session: Session, contract_id: str, *, bank_id: str, number: int, actor: str, now: int) -> Contract:
    """Another locker under the same contract; both doors open for a day.

    Raises NotFoundError (`locker`), ConflictError (`transition`, `locker_taken`, `still_collecting`, `same_locker`).
    """
    contract = _in_turn(session, contract_id, Action.MOVE, now)
    locker = locker_of(session, bank_id, number)
    if any(holding.locker_id == locker.id and holding.until_at > now for holding in contract.holdings):
        raise ConflictError("same_locker", f"the contract has locker {number} already")
    if locker.bank.site_id != contract.holdings[0].locker.bank.site_id:
        raise InvalidError("site", "a contract moves within its site; assign a new one elsewhere")
    start = max(now, contract.from_at)
    for holding in contract.holdings:
        holding.until_at = max(holding.from_at, min(holding.until_at, start + MOVE_MS if start == now else start))
    _refuse_overlap(session, contract.id, locker, start, contract.collect_until, now)
    contract.holdings.append(Holding(id=new_id(now), locker=locker, from_at=start, until_at=contract.collect_until))
    _changed(session, contract, "contract_moved", actor, now)
    return contract


def end(
    session: Session, contract_id: str, *, reason: str, collect_days: int | None = None, actor: str, now: int
) -> Contract:
    """Ends it now; the badge opens `collect_days` more days, to collect (the scheme's grace if None, 0 for none).

    A suspension ends with it, so that belongings can be fetched. Ending what is ending or ended changes nothing.
    Raises InvalidError (`reason`, `collect_days`).
    """
    contract = contract_of(session, contract_id)
    codes.checked(codes.EndReason, reason)
    days = _grace(contract.terms.grace_days if collect_days is None else collect_days)
    state = state_at(contract, now)
    if state in (State.ENDING, State.ENDED):
        return contract
    require(state, Action.END)
    _lift(contract, now)
    zone = _zone(contract)
    contract.ended_at, contract.end_reasons = now, [EndReason(reason=reason)]
    if state in (State.UPCOMING, State.DRAFT):
        contract.from_at = contract.until_at = contract.collect_until = min(contract.from_at, now)
    else:
        contract.until_at = now
        contract.collect_until = day_start(zone, day_after(local_day(zone, now), days + 1)) if days else now
    _cut(contract)
    _changed(session, contract, "contract_ended", actor, now, reason=reason)
    return contract


def confirm_emptied(session: Session, contract_id: str, *, actor: str, now: int) -> Contract:
    """The locker was seen empty: the time to collect is over and it can be given again.

    Raises ConflictError (`transition`).
    """
    contract = _in_turn(session, contract_id, Action.EMPTIED, now)
    contract.collect_until = now
    _cut(contract)
    _changed(session, contract, "locker_emptied", actor, now)
    return contract


def reassign(
    session: Session,
    contract_id: str,
    *,
    person_id: str,
    starts_on: date,
    ends_on: date,
    badge_id: str | None = None,
    actor: str,
    now: int,
) -> Contract:
    """The contract's locker goes to someone else, under a new contract.

    Refused while the earlier holder holds it or may still collect: end the contract first, then confirm that the
    locker is empty or let the time to collect pass. Raises as assign, and ConflictError (`still_held`).
    """
    former = contract_of(session, contract_id)
    state = state_at(former, now)
    if state is State.ENDING:
        raise _still_collecting(former, _zone(former))
    if state is not State.ENDED:
        raise ConflictError("still_held", "the present holder's contract is not over: end it first", state=state.value)
    locker = max(former.holdings, key=lambda holding: holding.until_at).locker
    contract = assign(
        session,
        person_id=person_id,
        bank_id=locker.bank_id,
        number=locker.number,
        starts_on=starts_on,
        ends_on=ends_on,
        badge_id=badge_id,
        scheme_id=former.scheme_id,
        actor=actor,
        now=now,
    )
    former.next_id = contract.id
    return contract


def contract_of(session: Session, contract_id: str) -> Contract:
    """Raises NotFoundError with code `contract`."""
    contract = session.get(Contract, contract_id)
    if contract is None:
        raise NotFoundError("contract", "no such contract")
    return contract


def list_contracts(
    session: Session,
    *,
    person_id: str | None = None,
    bank_id: str | None = None,
    state: State | None = None,
    after: str | None = None,
    limit: int = PAGE_SIZE,
    now: int,
) -> Page[Contract]:
    """Contracts in the order of their making, narrowed by person, bank and present state."""
    query = select(Contract)
    if person_id is not None:
        query = query.where(Contract.person_id == person_id)
    if bank_id is not None:
        query = query.where(Contract.holdings.any(Holding.locker.has(Locker.bank_id == bank_id)))
    if state is not None:
        query = query.where(repository.in_state(state, now))
    return page_of(session, query, Contract.id, after=after, limit=limit)


def _in_turn(session: Session, contract_id: str, action: Action, now: int) -> Contract:
    contract = contract_of(session, contract_id)
    require(state_at(contract, now), action)
    return contract


def _zone(contract: Contract) -> str:
    return contract.holdings[0].locker.bank.site.zone


def _grace(days: int) -> int:
    if not 0 <= days <= MAX_GRACE_DAYS:
        raise InvalidError("collect_days", f"the time to collect is 0 to {MAX_GRACE_DAYS} days")
    return days


def _free_from(session: Session, locker: Locker, starts_on: date, now: int) -> int:
    """The first day's beginning, or later that day if the locker was freed after it began."""
    zone = locker.bank.site.zone
    first, next_day = day_start(zone, starts_on), day_start(zone, day_after(starts_on))
    return repository.last_freed(session, locker.id, first, min(now, next_day - 1)) or first


def _hold(session: Session, contract: Contract, locker: Locker, now: int, *, draft: bool) -> Holding:
    """The contract's hold on a locker; a draft's holds nothing yet."""
    until = contract.from_at if draft else contract.collect_until
    if not draft:
        _refuse_overlap(session, contract.id, locker, contract.from_at, until, now)
    return Holding(id=new_id(now), locker=locker, from_at=contract.from_at, until_at=until)


def _refuse_overlap(session: Session, contract_id: str, locker: Locker, from_at: int, until: int, now: int) -> None:
    other = repository.overlapping(session, locker.id, from_at, until, contract_id)
    if other is None:
        return
    holder = contract_of(session, other.contract_id)
    zone = locker.bank.site.zone
    if state_at(holder, now) is State.ENDING:
        raise _still_collecting(holder, zone)
    raise ConflictError(
        "locker_taken",
        f"locker {locker.number} of {locker.bank_id} is held from {local_day(zone, other.from_at)} until "
        f"{local_day(zone, other.until_at)} by another contract: choose other dates or another locker",
        contract=holder.id,
    )


def _still_collecting(holder: Contract, zone: str) -> ConflictError:
    return ConflictError(
        "still_collecting",
        f"the earlier holder may still collect until {local_day(zone, holder.collect_until)}: wait, choose another "
        "locker, or confirm that this one was seen empty",
        contract=holder.id,
    )


def _lift(contract: Contract, now: int) -> None:
    for pause in contract.suspensions:
        if pause_end(pause) > now:
            pause.lifted_at = max(now, pause.from_at)


def _cut(contract: Contract) -> None:
    for holding in contract.holdings:
        holding.until_at = min(holding.until_at, contract.collect_until)
        holding.from_at = min(holding.from_at, holding.until_at)


def _extend(session: Session, contract: Contract, now: int) -> None:
    """The present hold lasts as long as the contract now does."""
    holding = max(contract.holdings, key=lambda held: held.until_at)
    _refuse_overlap(session, contract.id, holding.locker, holding.from_at, contract.collect_until, now)
    holding.until_at = contract.collect_until


def _changed(session: Session, contract: Contract, what: str, actor: str, now: int, **details: Any) -> None:
    """Flushes (so that the database's own checks speak now), and tells audit, feed and lists."""
    session.flush()
    audit.record(session, actor=actor, action=what, subject=contract.id, now=now, **details)
    lockers = {(holding.locker.bank_id, holding.locker.number) for holding in contract.holdings}
    for bank_id, number in sorted(lockers):
        record(session, what, now=now, bank_id=bank_id, locker=number, contract=contract.id, **details)
    for bank_id in sorted({bank for bank, _number in lockers}):
        access_changed(session, bank_id)
