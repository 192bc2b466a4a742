"""The waiting list: who waits for which scheme since when and from where, until a worker closes the entry."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care import files
from gateway.care.codes import LeftWhy, OfferOutcome, Source
from gateway.care.waiting_models import Offer, Referral, WaitingEntry
from gateway.contracts.models import Contract
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers.models import Site
from gateway.paging import PAGE_SIZE, Page, bounded
from gateway.people.models import Person
from gateway.schemes.models import Scheme
from gateway.schemes.service import open_scheme


@dataclass(frozen=True)
class Wait:
    """Where someone waits and how they came: `reach` is how to find them, a place or a number."""

    scheme_id: str
    source: Source
    site_id: str | None = None
    referral_id: str | None = None
    reach: str | None = None
    note: str | None = None


def add_to_list(
    session: Session, person_id: str, wait: Wait, *, since: int | None = None, actor: str, now: int
) -> WaitingEntry:
    """Someone waits from now, or from an earlier instant, on, for a scheme of the organisation that has their file.

    Raises NotFoundError (`person`, `scheme`, `site`, `referral`), InvalidError (`note`, `at`), ConflictError
    (`erased`, `scheme_closed`, `waiting`).
    """
    organisation_id = files.open_file(session, person_id)
    if open_scheme(session, wait.scheme_id).organisation_id != organisation_id:
        raise NotFoundError("scheme", "no such scheme")
    if wait.site_id is not None and session.get(Site, wait.site_id) is None:
        raise NotFoundError("site", "no such site")
    referral = session.get(Referral, wait.referral_id) if wait.referral_id else None
    if wait.referral_id and (referral is None or referral.person_id != person_id):
        raise NotFoundError("referral", "this person has no such referral")
    if _open_entry(session, person_id, wait.scheme_id) is not None:
        raise ConflictError("waiting", "the person is on this waiting list already")
    entry = WaitingEntry(
        id=new_id(now),
        person_id=person_id,
        scheme_id=wait.scheme_id,
        site_id=wait.site_id,
        referral_id=wait.referral_id,
        source=wait.source.value,
        since=files.happened(since, now),
        reach=files.note(wait.reach),
        note=files.note(wait.note),
        added_by=actor,
        added_at=now,
        offers=[],
    )
    session.add(entry)
    session.flush()
    audit.record(
        session, actor=actor, action="waiting_added", subject=person_id, now=now, entry=entry.id,
        source=wait.source.value,
    )  # fmt: skip
    return entry


def close_entry(
    session: Session, entry_id: str, why: LeftWhy, *, contract_id: str | None = None, actor: str, now: int
) -> WaitingEntry:
    """The person waits no more. `placed` names the contract they got; an open offer is thereby accepted.

    Raises NotFoundError (`entry`, `contract`), InvalidError (`contract`), ConflictError (`closed`, `offer_open`).
    """
    entry = open_entry(session, entry_id)
    _check_placed(session, entry, why, contract_id)
    offer = open_offer(entry)
    if offer is not None:
        if why is not LeftWhy.PLACED:
            raise ConflictError("offer_open", "an offer is open: say first what became of it", offer=offer.id)
        offer.closed_at, offer.closed_by, offer.outcome = now, actor, OfferOutcome.ACCEPTED.value
    entry.closed_at, entry.closed_by, entry.left_why, entry.contract_id = now, actor, why.value, contract_id
    session.flush()
    audit.record(
        session, actor=actor, action="waiting_closed", subject=entry.person_id, now=now, entry=entry.id, why=why.value
    )
    return entry


def place(session: Session, entry_id: str, contract_id: str, *, actor: str, now: int) -> None:
    """They have the contract they waited for; an entry that a colleague has closed meanwhile stays as it is.

    Raises NotFoundError (`contract`), InvalidError (`contract`).
    """
    entry = session.get(WaitingEntry, entry_id)
    if entry is not None and entry.closed_at is None:
        close_entry(session, entry_id, LeftWhy.PLACED, contract_id=contract_id, actor=actor, now=now)


def close_erased(session: Session, *, actor: str, now: int) -> None:
    """Nobody waits, and no locker is offered, whose file is erased."""
    erased = select(Person.id).where(Person.erased_at.is_not(None))
    query = select(WaitingEntry).where(WaitingEntry.person_id.in_(erased), WaitingEntry.closed_at.is_(None))
    for entry in session.scalars(query.order_by(WaitingEntry.id)).all():
        offer = open_offer(entry)
        if offer is not None:
            offer.closed_at, offer.closed_by, offer.outcome = now, actor, OfferOutcome.WITHDRAWN.value
            session.flush()
        close_entry(session, entry.id, LeftWhy.UNKNOWN, actor=actor, now=now)


def entry_of(session: Session, entry_id: str) -> WaitingEntry:
    """Someone who waits or has waited. Raises NotFoundError with code `entry`."""
    entry = session.get(WaitingEntry, entry_id)
    if entry is None:
        raise NotFoundError("entry", "no such entry on a waiting list")
    return entry


def open_entry(session: Session, entry_id: str) -> WaitingEntry:
    """Someone who waits. Raises NotFoundError (`entry`), ConflictError (`closed`)."""
    entry = entry_of(session, entry_id)
    if entry.closed_at is not None:
        raise ConflictError("closed", "the person is no longer on this list: add them again", why=entry.left_why)
    return entry


def open_offer(entry: WaitingEntry) -> Offer | None:
    """The offer that waits for an answer."""
    return next((offer for offer in entry.offers if offer.closed_at is None), None)


def list_waiting(
    session: Session,
    *,
    scheme_id: str | None = None,
    site_id: str | None = None,
    organisation_id: str | None = None,
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> Page[WaitingEntry]:
    """Who waits, the longest first: of one scheme, one organisation, or for one site (or any).

    Raises InvalidError with code `after`.
    """
    size = bounded(limit)
    query = select(WaitingEntry).where(*_waiting(scheme_id, site_id, organisation_id))
    if after is not None:
        since, last = _cursor(after)
        query = query.where(or_(WaitingEntry.since > since, and_(WaitingEntry.since == since, WaitingEntry.id > last)))
    found = list(session.scalars(query.order_by(WaitingEntry.since, WaitingEntry.id).limit(size + 1)))
    more = len(found) > size
    return Page(found[:size], f"{found[size - 1].since}.{found[size - 1].id}" if more else None)


def waiting_since(
    session: Session, *, scheme_id: str | None = None, site_id: str | None = None, organisation_id: str | None = None
) -> Sequence[int]:
    """Since when each of those in list_waiting waits, the longest first."""
    query = select(WaitingEntry.since).where(*_waiting(scheme_id, site_id, organisation_id))
    return session.scalars(query.order_by(WaitingEntry.since)).all()


def entries_of(session: Session, person_id: str) -> Sequence[WaitingEntry]:
    """Where a person waits now, the longest first."""
    query = select(WaitingEntry).where(WaitingEntry.person_id == person_id, WaitingEntry.closed_at.is_(None))
    return session.scalars(query.order_by(WaitingEntry.since)).all()


def _waiting(scheme_id: str | None, site_id: str | None, organisation_id: str | None) -> list[ColumnElement[bool]]:
    narrowed: list[ColumnElement[bool]] = [WaitingEntry.closed_at.is_(None)]
    if scheme_id is not None:
        narrowed.append(WaitingEntry.scheme_id == scheme_id)
    if site_id is not None:
        narrowed.append(or_(WaitingEntry.site_id == site_id, WaitingEntry.site_id.is_(None)))
    if organisation_id is not None:
        own = select(Scheme.id).where(Scheme.organisation_id == organisation_id)
        narrowed.append(WaitingEntry.scheme_id.in_(own))
    return narrowed


def _cursor(after: str) -> tuple[int, str]:
    since, _dot, last = after.partition(".")
    if not since.isascii() or not since.isdigit() or len(since) > 15 or not last:
        raise InvalidError("after", "not a cursor of this list: pass `next` of the page before")
    return int(since), last


def _open_entry(session: Session, person_id: str, scheme_id: str) -> WaitingEntry | None:
    return session.scalar(
        select(WaitingEntry).where(
            WaitingEntry.person_id == person_id,
            WaitingEntry.scheme_id == scheme_id,
            WaitingEntry.closed_at.is_(None),
        )
    )


def _check_placed(session: Session, entry: WaitingEntry, why: LeftWhy, contract_id: str | None) -> None:
    if (why is LeftWhy.PLACED) != (contract_id is not None):
        raise InvalidError(
            "contract", "someone placed has a contract, and only they: name it, or choose another reason"
        )
    if contract_id is None:
        return
    contract = session.get(Contract, contract_id)
    if contract is None or entry.person_id not in {contract.person_id, *(one.person_id for one in contract.parties)}:
        raise NotFoundError("contract", "this person has no such contract")
