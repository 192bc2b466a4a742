"""Openings, one by one: read only with a reason, for a short while, and every reading is in the audit trail.

What the feed and the screens show of them ends after minutes; after the organisation's time of keeping they are gone.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.contracts.models import Contract, Holding
from gateway.db import Database, new_id
from gateway.errors import ForbiddenError, InvalidError, NotFoundError
from gateway.events.models import USES, Event
from gateway.events.service import FeedItem, events_between
from gateway.ingest.models import Quarantine
from gateway.lockers.models import Bank, Locker, Site
from gateway.lockers.service import bank_of
from gateway.lockers.sight import sight_of
from gateway.people.models import Person
from gateway.privacy.models import OpeningsRequest
from gateway.privacy.terms import DAY_MS, terms_of
from gateway.web.i18n import N_

REASONS: Mapping[str, str] = {
    "holder_asked": N_("The holder asked for it"),
    "incident": N_("An incident is looked into"),
    "police_request": N_("A request by the police"),
    "fault": N_("A fault is looked for"),
}
# Long enough to read, too short to keep a window open on someone's comings and goings.
LEAVE_MS = 30 * 60_000
MIN_NOTE, MAX_NOTE = 10, 500
_AT_A_TIME = 2000


def ask(
    session: Session, *, bank_id: str, locker: int | None, reason: str, note: str, from_at: int, until_at: int,
    organisation_id: str | None = None, actor: str, now: int,
) -> OpeningsRequest:  # fmt: skip
    """Leave to read the openings of a block, or of one door, in [from_at, until_at), for half an hour.

    An organisation that does not run the block reads of a door what came after the last holder of another one.
    Raises NotFoundError (`bank`), InvalidError (`reason`, `note`, `span`: not within the time of keeping, or theirs).
    """
    bank = bank_of(session, bank_id)
    if reason not in REASONS:
        raise InvalidError("reason", f"unknown reason {reason[:40]!r}; known: {', '.join(REASONS)}")
    if not MIN_NOTE <= len(note.strip()) <= MAX_NOTE:
        raise InvalidError("note", f"say in {MIN_NOTE} to {MAX_NOTE} characters what it is for")
    days = terms_of(session, bank.site.organisation_id).openings_days
    if organisation_id is not None and bank_id not in sight_of(session, organisation_id).run:
        from_at = max(from_at, _others_until(session, bank_id, locker, organisation_id, now))
    if not now - days * DAY_MS <= from_at < until_at:
        raise InvalidError("span", f"openings are kept {days} days: ask for a span within them", days=days)
    request = OpeningsRequest(
        id=new_id(now), bank_id=bank_id, locker=locker, reason=reason, note=note.strip(), from_at=from_at,
        until_at=until_at, asked_by=actor, asked_at=now, expires_at=now + LEAVE_MS,
    )  # fmt: skip
    session.add(request)
    session.flush()
    audit.record(
        session, actor=actor, action="openings_asked", subject=request.id, now=now, bank=bank_id, locker=locker,
        reason=reason, from_at=from_at, until_at=until_at,
    )  # fmt: skip
    return request


def _others_until(session: Session, bank_id: str, number: int | None, organisation_id: str, now: int) -> int:
    """The end of the last holding by people of other organisations, so far."""
    held = (
        select(Holding.until_at)
        .join(Locker, Locker.id == Holding.locker_id)
        .join(Contract, Contract.id == Holding.contract_id)
        .join(Person, Person.id == Contract.person_id)
        .where(Locker.bank_id == bank_id, Locker.number == number, Person.organisation_id != organisation_id)
        .where(Holding.from_at < Holding.until_at, Holding.from_at <= now)
    )
    return max((min(until, now) for until in session.scalars(held)), default=0)


def read(session: Session, request_id: str, *, after: int = 0, limit: int, actor: str, now: int) -> Sequence[FeedItem]:
    """The openings that were asked for, oldest first; needs a writing unit, because reading is recorded.

    Raises NotFoundError (`request`), ForbiddenError (`request`: someone else's, or its time is over).
    """
    request = session.get(OpeningsRequest, request_id)
    if request is None:
        raise NotFoundError("request", "no such request")
    if request.asked_by != actor or now >= request.expires_at:
        raise ForbiddenError("request", "this request was someone else's or its time is over: ask anew, with a reason")
    oldest = now - terms_of(session, bank_of(session, request.bank_id).site.organisation_id).openings_days * DAY_MS
    found = events_between(
        session, bank_id=request.bank_id, locker=request.locker, from_at=max(request.from_at, oldest),
        until_at=request.until_at, after=after, limit=limit,
    )  # fmt: skip
    audit.record(
        session, actor=actor, action="openings_read", subject=request_id, now=now, after=after, count=len(found)
    )
    return found


def over(session: Session, *, now: int) -> dict[str, int]:
    """For each block the instant before which its openings are not kept any more."""
    return {
        bank_id: now - terms_of(session, organisation_id).openings_days * DAY_MS
        for bank_id, organisation_id in session.execute(
            select(Bank.id, Site.organisation_id).join(Site, Site.id == Bank.site_id)
        )
    }


def delete_over(database: Database, *, actor: str, now: int, apply: bool) -> int:
    """Deletes openings past their time of keeping, or counts them; faults, alarms and decisions stay.

    Batches that made no sense may hold openings: their bytes go with them, uncounted, and what they were stays.
    """
    with database.reading() as session:
        before = over(session, now=now)
    count = sum(_delete(database, bank_id, at, apply=apply) for bank_id, at in before.items())
    if not apply:
        return count
    batches = sum(_let_go_of_raw(database, bank_id, at) for bank_id, at in before.items())
    if count or batches:
        with database.writing() as session:
            audit.record(
                session, actor=actor, action="openings_deleted", subject="openings", now=now, count=count,
                batches=batches,
            )  # fmt: skip
    return count


def _let_go_of_raw(database: Database, bank_id: str, before: int) -> int:
    old = (Quarantine.bank_id == bank_id, Quarantine.payload.is_not(None), Quarantine.received_at < before)
    with database.reading() as session:
        ids = session.scalars(select(Quarantine.id).where(*old)).all()
    if ids:
        with database.writing() as session:
            session.execute(update(Quarantine).where(Quarantine.id.in_(ids)).values(payload=None))
    return len(ids)


def _delete(database: Database, bank_id: str, before: int, *, apply: bool) -> int:
    """Looked for while others write, which takes longer than the deleting: what happened does not change any more."""
    count, last = 0, 0
    while True:
        with database.reading() as session:
            ids = session.scalars(
                select(Event.id)
                .where(Event.bank_id == bank_id, Event.id > last, Event.received_at < before, Event.at < before)
                .where(Event.kind.in_(USES))
                .order_by(Event.id)
                .limit(_AT_A_TIME)
            ).all()
        if not ids:
            return count
        if apply:
            with database.writing() as session:
                session.execute(delete(Event).where(Event.id.in_(ids)))
        count, last = count + len(ids), ids[-1]
