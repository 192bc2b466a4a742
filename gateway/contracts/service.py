"""What can be done with contracts: assign, sign, suspend, resume, renew, move, end, reassign.

Dates are days in the site's zone; a contract that starts or ends needs no one to press anything, because every
state follows from them. `seen` is the version of the contract that whoever decides was looking at.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.badges import service as badges
from gateway.contracts import away, codes, decisions, entry, holdings, repository
from gateway.contracts.decisions import Decision
from gateway.contracts.holders import people_on
from gateway.contracts.models import Contract, EndReason, Holding, Notice, Party, Suspension
from gateway.contracts.states import Action, State, pause_ahead, pause_end, state_at
from gateway.custody import readiness
from gateway.custody.codes import Check
from gateway.days import day_after, day_start, local_day, term_end
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers.models import Locker
from gateway.lockers.service import locker_of
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.people.models import Person
from gateway.people.service import file_erased, open_person, person_of
from gateway.schemes.codes import Service
from gateway.schemes.service import open_scheme, scheme_named

MAX_GRACE_DAYS = 365


@dataclass(frozen=True)
class How:
    """How a contract ends, beside its first reason: all of it coded (codes.py), "unknown" where nobody knows."""

    more_reasons: tuple[str, ...] = ()
    decided_by: str = codes.DecidedBy.UNKNOWN
    destination: str = codes.Destination.UNKNOWN
    stability: str = codes.Stability.UNKNOWN
    note: str | None = None


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
    worker_id: str | None = None,
    despite_exclusion: str | None = None,
    draft: bool = False,
    actor: str,
    now: int,
) -> Contract:
    """Contract, badge and access in one step; `starts_on` and `ends_on` are its first and last day.

    `worker_id` looks after the person from now on; left out, their present worker, else `actor`. What entry.py asks is
    asked of a draft when it is signed.
    Raises NotFoundError (`person`, `bank`, `locker`, `badge`, `scheme`, `staff`), InvalidError (`dates`, `date`,
    `scheme_unfit`), ConflictError (`scheme_closed`, `locker_taken`, `still_collecting`, `badge_in_use`,
    `badge_revoked`, `worker`, `not_eligible`, `conditions_open`, `excluded_here`, `erased`).
    """
    person, locker = open_person(session, person_id), locker_of(session, bank_id, number)
    site = locker.bank.site
    scheme = open_scheme(session, scheme_id or scheme_named(session, person.organisation_id, now=now).id)
    if scheme.organisation_id != person.organisation_id or scheme.service == Service.TOOLS:
        raise InvalidError(
            "scheme_unfit", "a contract needs a scheme of the person's organisation that is not for tools"
        )
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
        version=1,
        suspensions=[],
    )
    contract.parties.append(Party(id=new_id(now), person=person, place=1, from_at=contract.from_at))
    contract.holdings.append(holdings.take(session, contract, locker, contract.from_at, now, draft=draft))
    session.add(contract)
    session.flush()
    despite = None
    if not draft:
        despite = entry.require_entry(session, contract, [person.id], despite_exclusion=despite_exclusion, now=now)
        away.settle_grace(session, contract, now)
    entry.name_worker(session, person.id, worker_id, actor=actor, now=now)
    if badge_id is not None:
        badges.give(session, badge_id, person_id=person.id, site_id=site.id, actor=actor, now=now)
    decisions.write(session, contract, "assign", None, actor, now, reason=despite)
    decisions.tell(session, contract, "contract_assigned", actor, now, **entry.noted(despite))
    return contract


def sign(
    session: Session, contract_id: str, *, despite_exclusion: str | None = None, actor: str, now: int,
    seen: int | None = None,
) -> Contract:  # fmt: skip
    """A draft becomes binding; where its locker was freed since its first day, it begins then.

    Raises InvalidError (`despite_exclusion`), ConflictError (`transition`, `locker_taken`, `still_collecting`,
    `erased`, and as entry.require_entry).
    """
    decision = open_decision(session, contract_id, Action.SIGN, actor=actor, now=now, seen=seen)
    contract = decision.contract
    people = [open_person(session, one.person_id).id for one in people_on(contract, now)]
    despite = entry.require_entry(session, contract, people, despite_exclusion=despite_exclusion, now=now)
    contract.signed_at = now
    for holding in contract.holdings:
        freed = repository.last_freed(session, holding.locker_id, contract.from_at, min(now, contract.until_at - 1))
        contract.from_at = freed or contract.from_at
        taken = holdings.take(session, contract, holding.locker, contract.from_at, now)
        holding.from_at, holding.until_at = taken.from_at, taken.until_at
    away.settle_grace(session, contract, now)
    decision.done("contract_signed", reason=despite)
    return contract


def suspend(
    session: Session, contract_id: str, *, reason: str, review_on: date, fetch: str = codes.Fetch.DESK,
    fetch_note: str | None = None, from_on: date | None = None, note: str | None = None, actor: str, now: int,
    seen: int | None = None,
) -> Contract:  # fmt: skip
    """The badge stops opening from now (or from the day `from_on`) until `review_on` begins.

    It takes the place of the suspension in force when it begins; one that is planned to begin later stays planned.
    `fetch` and `fetch_note` say how belongings, papers and medicine are got at within 24 hours meanwhile.
    Raises InvalidError (`reason`, `fetch`, `from_on`, `review_on`), ConflictError (`transition`).
    """
    decision = open_decision(session, contract_id, Action.SUSPEND, actor=actor, now=now, seen=seen)
    contract, zone = decision.contract, holdings.zone_of(decision.contract)
    codes.checked(codes.SuspendReason, reason)
    codes.checked(codes.Fetch, fetch, "fetch")
    today = local_day(zone, now)
    if from_on is not None and from_on < today:
        raise InvalidError("from_on", "a suspension begins today or later")
    if review_on <= max(today, from_on or today):
        raise InvalidError(
            "review_on", "the review date must be after today and after the first day: a suspension ends at its date"
        )
    start = now if from_on in (None, today) else day_start(zone, from_on or today)
    until = day_start(zone, review_on)
    _lift_in_force(contract, start)
    contract.suspensions.append(
        Suspension(
            id=new_id(now), from_at=start, until_at=until, review_on=review_on, reason=reason, decided_by=actor,
            fetch=fetch, fetch_note=fetch_note or None,
        )
    )  # fmt: skip
    planned = {"planned_from": start} if start > now else {}
    decision.done("contract_suspended", reason=reason, note=note, until=until, **planned)
    return contract


def resume(session: Session, contract_id: str, *, actor: str, now: int, seen: int | None = None) -> Contract:
    """Ends the suspension at once; where none is in force, takes back the next that is planned, if any.

    Raises ConflictError (`transition`, also where `seen` tells that there was thought to be one).
    """
    contract = contract_of(session, contract_id)
    if state_at(contract, now) is State.ACTIVE and pause_ahead(contract, now) is None:
        decisions.refuse_stale(session, contract, seen)
        if seen is None:
            return contract
        raise ConflictError("transition", "no suspension is in force or planned", state=State.ACTIVE.value)
    decision = open_decision(session, contract_id, Action.RESUME, actor=actor, now=now, seen=seen)
    ahead = pause_ahead(contract, now) if decision.before is State.ACTIVE else None
    _lift_in_force(contract, ahead.from_at if ahead else now)
    planned: dict[str, Any] = {"planned_from": ahead.from_at} if ahead else {}
    decision.done("contract_resumed", **planned)
    return contract


def renew(
    session: Session, contract_id: str, *, ends_on: date | None = None, actor: str, now: int, seen: int | None = None
) -> Contract:
    """A later last day, or one more term of the contract: same badge, same locker, no gap.

    Raises InvalidError (`dates`), ConflictError (`transition`, `locker_taken`).
    """
    decision = open_decision(session, contract_id, Action.RENEW, actor=actor, now=now, seen=seen)
    contract, zone = decision.contract, holdings.zone_of(decision.contract)
    if ends_on is None:
        ends_on = one_more_term(contract, now)
    until = day_start(zone, day_after(ends_on))
    if until <= max(now, contract.until_at):
        raise InvalidError("dates", f"the new last day ({ends_on}) is not later than the present one")
    for notice in contract.notices:
        if notice.why == codes.NoticeWhy.END_ANNOUNCED and notice.given_at is None:
            notice.given_at, notice.given_by = now, actor
    contract.ended_at = contract.collect_days = None
    unsay_how(contract)
    contract.ends_on, contract.until_at = ends_on, until
    contract.collect_until = holdings.collect_end(contract)
    holdings.fit(session, contract, now)
    decision.done("contract_renewed")
    return contract


def move(
    session: Session, contract_id: str, *, bank_id: str, number: int, actor: str, now: int, seen: int | None = None
) -> Contract:
    """Another locker under the same contract; both doors open for a day, in which it may move back.

    Raises NotFoundError (`locker`), ConflictError (`transition`, `locker_taken`, `still_collecting`, `same_locker`).
    """
    decision = open_decision(session, contract_id, Action.MOVE, actor=actor, now=now, seen=seen)
    contract, locker = decision.contract, locker_of(session, bank_id, number)
    if locker.bank.site_id != contract.holdings[0].locker.bank.site_id:
        raise InvalidError("site", "a contract moves within its site; assign a new one elsewhere")
    holdings.move(session, contract, locker, now)
    decision.done("contract_moved")
    return contract


def end(
    session: Session, contract_id: str, *, reason: str, how: How | None = None, collect_days: int | None = None,
    actor: str, now: int, seen: int | None = None,
) -> Contract:  # fmt: skip
    """Ends it now; the badge opens `collect_days` more days, to collect (the scheme's grace if None, 0 for none).

    A suspension ends with it, so that belongings can be fetched; while someone is away the time to collect has no end.
    Where its date ended it meanwhile and nobody has said why, this says so. Ending what is ending or ended changes
    nothing else, unless `seen` tells that it was thought to run.
    Raises InvalidError (`reason`, `decided_by`, `destination`, `stability`, `collect_days`), ConflictError.
    """
    contract = contract_of(session, contract_id)
    codes.checked(codes.EndReason, reason)
    if collect_days is not None and not 0 <= collect_days <= MAX_GRACE_DAYS:
        raise InvalidError("collect_days", f"the time to collect is 0 to {MAX_GRACE_DAYS} days")
    if seen in (None, contract.version) and state_at(contract, now) in (State.ENDING, State.ENDED):
        if contract.end_reasons:
            return contract
        return tell_how(session, contract_id, reason=reason, how=how or How(), actor=actor, now=now, seen=seen)
    decision = open_decision(session, contract_id, Action.END, actor=actor, now=now, seen=seen)
    say_how(contract, reason, how or How())
    for pause in contract.suspensions:
        if pause_end(pause) > now:
            pause.lifted_at = max(now, pause.from_at)
    contract.ended_at = now
    if decision.before in (State.UPCOMING, State.DRAFT):
        contract.from_at = contract.until_at = contract.collect_until = min(contract.from_at, now)
    else:
        contract.until_at, contract.collect_days = now, collect_days
        contract.collect_until = holdings.collect_end(contract, collect_days)
    holdings.cut(contract)
    announce_end(contract, actor, now)
    decision.done("contract_ended", reason=reason)
    return contract


def tell_how(
    session: Session, contract_id: str, *, reason: str, how: How, actor: str, now: int, seen: int | None = None
) -> Contract:
    """Why and how a contract ended, said afterwards: for one that its date ended, or to put it right.

    Raises InvalidError (`reason`, `decided_by`, `destination`, `stability`), ConflictError (`transition`, `erased`:
    the files of all who were on it at its end).
    """
    decision = open_decision(session, contract_id, Action.SAY_HOW, actor=actor, now=now, seen=seen)
    contract = decision.contract
    over_at = contract.until_at if contract.ended_at is None else contract.ended_at
    if all(one.person.erased_at is not None for one in people_on(contract, over_at)):
        raise file_erased()
    say_how(contract, reason, how)
    decision.done("contract_end_described", reason=reason)
    return contract


def confirm_emptied(
    session: Session, contract_id: str, *, also: Collection[Check] = (), actor: str, now: int, seen: int | None = None
) -> Contract:
    """The locker was seen empty: the time to collect is over, also for someone who is away or has died.

    `also`: what else was seen to (cleaned, lock); without both nobody else gets the locker yet.
    Raises ConflictError (`transition`).
    """
    decision = open_decision(session, contract_id, Action.EMPTIED, actor=actor, now=now, seen=seen)
    contract = decision.contract
    contract.collect_until, contract.grace_stopped_at = now, None
    holdings.cut(contract)
    readiness.note(session, holdings.present(contract).locker, {Check.EMPTY, *also}, actor=actor, now=now)
    decision.done("locker_emptied")
    return contract


def reassign(
    session: Session, contract_id: str, *, person_id: str, starts_on: date, ends_on: date, badge_id: str | None = None,
    worker_id: str | None = None, despite_exclusion: str | None = None, actor: str, now: int, seen: int | None = None,
) -> Contract:  # fmt: skip
    """The contract's locker goes to someone else, under a new contract.

    Refused while the earlier holder holds it or may still collect: end the contract first, then confirm that the
    locker is empty or let the time to collect pass. Raises as assign, and ConflictError (`still_held`).
    """
    former = contract_of(session, contract_id)
    state = state_at(former, now)
    if state is State.ENDING:
        raise holdings.still_collecting(former)
    if state is not State.ENDED:
        raise ConflictError("still_held", "the present holder's contract is not over: end it first", state=state.value)
    decisions.refuse_stale(session, former, seen)
    locker, mine = holdings.present(former).locker, former.person.organisation_id
    is_mine = person_of(session, person_id).organisation_id == mine
    contract = assign(
        session, person_id=person_id, bank_id=locker.bank_id, number=locker.number, starts_on=starts_on,
        ends_on=ends_on, badge_id=badge_id, scheme_id=former.scheme_id if is_mine else None, worker_id=worker_id,
        despite_exclusion=despite_exclusion, actor=actor, now=now,
    )  # fmt: skip
    former.next_id = contract.id
    return contract


def one_more_term(contract: Contract, now: int) -> date:
    """The last day after one more term: it follows the present last day, or today if that is over."""
    today = local_day(holdings.zone_of(contract), now)
    return term_end(day_after(max(contract.ends_on, today)), contract.terms.term_months)


def contract_of(session: Session, contract_id: str) -> Contract:
    """Raises NotFoundError with code `contract`."""
    contract = session.get(Contract, contract_id, options=repository.ALONE)
    if contract is None:
        raise NotFoundError("contract", "no such contract")
    return contract


def open_decision(
    session: Session, contract_id: str, action: Action, *, actor: str, now: int, seen: int | None = None
) -> Decision:
    """A decision about the contract of that id. Raises NotFoundError (`contract`), and as decisions.decide."""
    return decisions.decide(session, contract_of(session, contract_id), action, actor=actor, now=now, seen=seen)


def list_contracts(
    session: Session, *, person_id: str | None = None, bank_id: str | None = None, state: State | None = None,
    organisation_id: str | None = None, after: str | None = None, limit: int = PAGE_SIZE, now: int,
) -> Page[Contract]:  # fmt: skip
    """Contracts in the order of their making, narrowed by person, bank, present state and their organisation."""
    query = select(Contract).options(*repository.WHOLE)
    if person_id is not None:
        on_it = select(Party.contract_id).where(Party.person_id == person_id, Party.until_at.is_(None))
        query = query.where(Contract.id.in_(on_it))
    if organisation_id is not None:
        query = query.where(Contract.person.has(Person.organisation_id == organisation_id))
    if bank_id is not None:
        query = query.where(Contract.holdings.any(Holding.locker.has(Locker.bank_id == bank_id)))
    if state is not None:
        query = query.where(repository.in_state(state, now))
    return page_of(session, query, Contract.id, after=after, limit=limit)


def say_how(contract: Contract, reason: str, how: How) -> None:
    """Sets why and how a contract ends.

    Raises InvalidError (`reason`, `decided_by`, `destination`, `stability`), ConflictError (`erased`: a draft's note).
    """
    if how.note and all(party.person.erased_at is not None for party in contract.parties):
        raise file_erased()
    reasons = {codes.checked(codes.EndReason, one).value for one in (reason, *how.more_reasons)}
    kept = [row for row in contract.end_reasons if row.reason in reasons]
    new = reasons - {row.reason for row in kept}
    contract.end_reasons = [*kept, *(EndReason(reason=one) for one in sorted(new))]
    contract.end_decided_by = codes.checked(codes.DecidedBy, how.decided_by, "decided_by").value
    contract.destination = codes.checked(codes.Destination, how.destination, "destination").value
    contract.stability = codes.checked(codes.Stability, how.stability, "stability").value
    contract.end_note = how.note or None


def unsay_how(contract: Contract) -> None:
    """Nothing is said of its end."""
    contract.end_reasons = []
    contract.end_decided_by = contract.destination = contract.stability = contract.end_note = None


def announce_end(contract: Contract, actor: str, now: int) -> None:
    """The door tells whoever did not decide it themselves: a message waits from the next opening on."""
    if contract.end_decided_by in (codes.DecidedBy.HOLDER, codes.DecidedBy.BOTH) or contract.collect_until <= now:
        return
    if not any(one.why == codes.NoticeWhy.END_ANNOUNCED and one.given_at is None for one in contract.notices):
        contract.notices.append(
            Notice(id=new_id(now), why=codes.NoticeWhy.END_ANNOUNCED.value, left_by=actor, left_at=now)
        )


def _free_from(session: Session, locker: Locker, starts_on: date, now: int) -> int:
    """The first day's beginning, or later that day if the locker was freed after it began."""
    zone = locker.bank.site.zone
    first, next_day = day_start(zone, starts_on), day_start(zone, day_after(starts_on))
    return repository.last_freed(session, locker.id, first, min(now, next_day - 1)) or first


def _lift_in_force(contract: Contract, at: int) -> None:
    """Those in force at the instant `at` are over then; no other changes."""
    for pause in contract.suspensions:
        if pause.from_at <= at < pause_end(pause):
            pause.lifted_at = at
