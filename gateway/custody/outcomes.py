"""What becomes of things that were kept: given back, handed over, disposed of. Always a person's decision.

Nothing here runs by a clock. Papers, medicine, money, keys and photographs are never disposed of with the rest; while
their owner is away (hospital, prison, family) or has died, nothing is but what is rotting or dangerous.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.contracts.models import Absence, Death
from gateway.custody.codes import PERISHABLE, PROTECTED, DisposalReason, Outcome, Recipient, Step
from gateway.custody.models import Custody, KeptThing
from gateway.custody.service import checked_text, in_step, thing_of
from gateway.days import local_day
from gateway.errors import ConflictError, InvalidError
from gateway.events.service import record

_RETURNS = frozenset({Recipient.HOLDER, Recipient.TRUSTED, Recipient.ENTITLED})
# Reasons that do not wait for the end of the keeping time.
_AT_ONCE = frozenset({DisposalReason.PERISHED, DisposalReason.DANGEROUS, DisposalReason.ASKED_BY_HOLDER})
# Reasons that do not even wait for someone who is away.
_CANNOT_STAY = frozenset({DisposalReason.PERISHED, DisposalReason.DANGEROUS})


def still_kept(custody: Custody) -> list[KeptThing]:
    """Things without an outcome."""
    return [thing for thing in custody.things if thing.outcome is None]


def give_back(
    session: Session, custody_id: str, *, recipient: Recipient, things: Collection[str] = (), note: str | None = None,
    actor: str, now: int,
) -> Custody:  # fmt: skip
    """Gives things (all that are still kept, if none are named) to the holder, or hands them to someone else.

    `note`: how the recipient was recognised, or the receipt they gave.
    Raises NotFoundError (`custody`, `thing`), ConflictError (`custody_step`, `thing_settled`), InvalidError (`note`:
    whoever is not the holder needs one).
    """
    custody = in_step(session, custody_id, Step.KEEPING)
    said = checked_text("note", note)
    if recipient is not Recipient.HOLDER and said is None:
        raise InvalidError("note", "say who got it and how they were recognised")
    outcome = Outcome.RETURNED if recipient in _RETURNS else Outcome.HANDED_OVER
    for thing in _chosen(custody, things):
        _settle(thing, outcome, actor, now, recipient=recipient.value, outcome_note=said)
    return _settled(session, custody, "custody_given_back", actor, now, recipient=recipient.value)


def dispose(
    session: Session, custody_id: str, *, reason: DisposalReason, note: str | None = None, actor: str, now: int
) -> Custody:
    """Disposes of what is still kept, except for papers, medicine, money, keys and photographs, which stay.

    Raises NotFoundError (`custody`), ConflictError (`custody_step`, `still_kept`, `owner_away`, `kept_for_entitled`,
    `only_protected`: nothing else is left).
    """
    custody = in_step(session, custody_id, Step.KEEPING)
    going = [thing for thing in still_kept(custody) if thing.kind not in PROTECTED]
    if reason is DisposalReason.PERISHED:
        going = [thing for thing in going if thing.kind in PERISHABLE]
    if not going:
        raise ConflictError(
            "only_protected", "papers, medicine, money, keys and photographs are settled one by one: choose the line"
        )
    _refuse_disposal(session, custody, reason, now)
    for thing in going:
        _settle(thing, Outcome.DISPOSED, actor, now, reason=reason.value, outcome_note=checked_text("note", note))
    return _settled(session, custody, "custody_disposed", actor, now, reason=reason.value, count=len(going))


def dispose_one(
    session: Session, custody_id: str, thing_id: str, *, reason: DisposalReason, note: str | None, actor: str, now: int
) -> Custody:
    """Disposes of one thing; of papers, medicine, money, keys and photographs the note says what became of them.

    Raises NotFoundError (`custody`, `thing`), InvalidError (`note`), ConflictError (`custody_step`, `thing_settled`,
    `still_kept`, `owner_away`, `kept_for_entitled`).
    """
    custody = in_step(session, custody_id, Step.KEEPING)
    (thing,) = _chosen(custody, [thing_id])
    said = checked_text("note", note)
    if thing.kind in PROTECTED and said is None:
        raise InvalidError("note", "this may matter to its owner: say what was tried and where it went")
    _refuse_disposal(session, custody, reason, now)
    _settle(thing, Outcome.DISPOSED, actor, now, reason=reason.value, outcome_note=said, singly=True)
    return _settled(session, custody, "custody_disposed", actor, now, reason=reason.value, kind=thing.kind, count=1)


def what_holds(session: Session, custody: Custody) -> str | None:
    """Why nothing may be disposed of whatever the date: `kept_for_entitled`, `owner_away`, or None."""
    contract = custody.contract
    if contract is None:
        return None
    # Whoever parted left what is inside to the other.
    stayed = [party.person_id for party in contract.parties if party.until_at is None]
    people = stayed or [contract.person_id]
    died = select(Death.id).where(Death.person_id.in_(people), Death.withdrawn_at.is_(None)).limit(1)
    if contract.frozen_at is not None or session.scalar(died) is not None:
        return "kept_for_entitled"
    away = select(Absence.id).where(Absence.person_id.in_(people), Absence.ended_at.is_(None)).limit(1)
    is_away = contract.grace_stopped_at is not None or session.scalar(away) is not None
    return "owner_away" if is_away else None


def _refuse_disposal(session: Session, custody: Custody, reason: DisposalReason, now: int) -> None:
    if reason in _CANNOT_STAY:
        return
    holds = what_holds(session, custody)
    if holds == "kept_for_entitled":
        raise ConflictError(holds, "the holder has died: what they left is kept for those entitled to it")
    if holds == "owner_away" and reason is not DisposalReason.ASKED_BY_HOLDER:
        raise ConflictError(holds, "the holder is away: nothing is disposed of until someone has ended that absence")
    today = local_day(custody.locker.bank.site.zone, now)
    if reason not in _AT_ONCE and (custody.keep_until is None or today <= custody.keep_until):
        raise ConflictError("still_kept", f"this is kept until {custody.keep_until}: wait, or give it back")


def _chosen(custody: Custody, things: Collection[str]) -> Sequence[KeptThing]:
    chosen = [thing_of(custody, thing_id) for thing_id in dict.fromkeys(things)] or still_kept(custody)
    if any(thing.outcome is not None for thing in chosen):
        raise ConflictError("thing_settled", "one of these lines is settled already: load the page again")
    return chosen


def _settle(thing: KeptThing, outcome: Outcome, actor: str, now: int, **values: Any) -> None:
    thing.outcome, thing.outcome_at, thing.outcome_by = outcome.value, now, actor
    for name, value in values.items():
        setattr(thing, name, value)


def _settled(session: Session, custody: Custody, what: str, actor: str, now: int, **details: Any) -> Custody:
    session.flush()
    audit.record(session, actor=actor, action=what, subject=custody.id, now=now, **details)
    if not still_kept(custody):
        custody.closed_at, custody.closed_by = now, actor
        session.flush()
        audit.record(session, actor=actor, action="custody_closed", subject=custody.id, now=now)
        locker = custody.locker
        record(
            session, "custody_closed", now=now, bank_id=locker.bank_id, locker=locker.number,
            contract=custody.contract_id,
        )  # fmt: skip
    return custody
