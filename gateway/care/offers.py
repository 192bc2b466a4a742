"""Offers to people who wait: made, followed by recorded tries to reach the person, and closed by a worker.

No date closes an offer. Past `answer_by` it is only shown as one to decide about.
"""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care import files
from gateway.care.codes import AttemptResult, ContactKind, OfferOutcome
from gateway.care.waiting import open_entry, open_offer
from gateway.care.waiting_models import Attempt, Offer, WaitingEntry
from gateway.db import new_id
from gateway.errors import ConflictError, NotFoundError
from gateway.lockers.free import free_lockers
from gateway.lockers.models import Locker
from gateway.lockers.service import locker_of
from gateway.schemes.service import scheme_of


def make_offer(
    session: Session,
    entry_id: str,
    *,
    locker: tuple[str, int] | None = None,
    answer_by: date | None = None,
    actor: str,
    now: int,
) -> Offer:
    """A place is offered, perhaps a certain locker (bank, number), which is not offered to anyone else meanwhile.

    Raises NotFoundError (`entry`, `bank`, `locker`), ConflictError (`closed`, `offer_open`, `locker_taken`,
    `locker_offered`).
    """
    entry = open_entry(session, entry_id)
    present = open_offer(entry)
    if present is not None:
        raise ConflictError("offer_open", "an offer is open already: say first what became of it", offer=present.id)
    place = _offered(session, entry, *locker, now) if locker else None
    offer = Offer(
        id=new_id(now), entry_id=entry.id, locker_id=place.id if place else None, made_at=now, made_by=actor,
        answer_by=answer_by, attempts=[],
    )  # fmt: skip
    entry.offers.append(offer)
    session.flush()
    audit.record(session, actor=actor, action="offer_made", subject=entry.person_id, now=now, offer=offer.id)
    return offer


def record_attempt(
    session: Session,
    offer_id: str,
    *,
    kind: ContactKind,
    result: AttemptResult,
    note: str | None = None,
    at: int | None = None,
    actor: str,
    now: int,
) -> Attempt:
    """One try to reach the person.

    Raises NotFoundError (`offer`), InvalidError (`note`, `at`), ConflictError (`closed`, `erased`).
    """
    offer, entry = _open(session, offer_id)
    attempt = Attempt(
        id=new_id(now), offer_id=offer.id, at=files.happened(at, now), kind=kind.value, result=result.value,
        note=files.note_in(session, entry.person_id, note), recorded_by=actor, recorded_at=now,
    )  # fmt: skip
    offer.attempts.append(attempt)
    session.flush()
    audit.record(
        session, actor=actor, action="offer_attempted", subject=entry.person_id, now=now, offer=offer.id,
        result=result.value,
    )  # fmt: skip
    return attempt


def close_offer(session: Session, offer_id: str, outcome: OfferOutcome, *, actor: str, now: int) -> Offer:
    """What became of it; the person stays on the list. Someone `not_reached` was tried at least once.

    Raises NotFoundError (`offer`), ConflictError (`closed`, `no_attempt`).
    """
    offer, entry = _open(session, offer_id)
    if outcome is OfferOutcome.NOT_REACHED and not offer.attempts:
        raise ConflictError("no_attempt", "nobody has tried to reach the person yet: try, and record the attempt")
    offer.closed_at, offer.closed_by, offer.outcome = now, actor, outcome.value
    session.flush()
    audit.record(
        session, actor=actor, action="offer_closed", subject=entry.person_id, now=now, offer=offer.id,
        outcome=outcome.value,
    )  # fmt: skip
    return offer


def offered_lockers(session: Session, *, but_to: str = "") -> frozenset[str]:
    """Lockers that are offered to someone, other than this person if one is named."""
    query = select(Offer.locker_id).join(WaitingEntry, WaitingEntry.id == Offer.entry_id)
    query = query.where(Offer.closed_at.is_(None), Offer.locker_id.is_not(None), WaitingEntry.person_id != but_to)
    return frozenset(one for one in session.scalars(query) if one)


def to_decide(offer: Offer, today: date) -> bool:
    """Whether the day until which an answer was awaited is past."""
    return offer.closed_at is None and offer.answer_by is not None and offer.answer_by < today


def _open(session: Session, offer_id: str) -> tuple[Offer, WaitingEntry]:
    offer = session.get(Offer, offer_id)
    if offer is None:
        raise NotFoundError("offer", "no such offer")
    if offer.closed_at is not None:
        raise ConflictError("closed", f"this offer is {offer.outcome} already: make a new one", outcome=offer.outcome)
    return offer, session.get_one(WaitingEntry, offer.entry_id)


def _offered(session: Session, entry: WaitingEntry, bank_id: str, number: int, now: int) -> Locker:
    locker = locker_of(session, bank_id, number)
    organisation_id = scheme_of(session, entry.scheme_id).organisation_id
    free = free_lockers(session, now, site_id=locker.bank.site_id, organisation_id=organisation_id)
    if locker.id not in {one.id for one in free}:
        raise ConflictError("locker_taken", f"locker {number} of {bank_id} cannot be given now: choose another one")
    other = session.scalar(select(Offer.id).where(Offer.locker_id == locker.id, Offer.closed_at.is_(None)))
    if other is not None:
        raise ConflictError("locker_offered", f"locker {number} of {bank_id} is offered to someone else", offer=other)
    return locker
