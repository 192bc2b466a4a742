"""The event feed: writing the gateway's own events, and reading everything in order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.db import announce
from gateway.events.models import Event
from gateway.paging import bounded
from wire.entries import EntryType


@dataclass(frozen=True)
class FeedGrew:
    """New events were committed."""


@dataclass(frozen=True)
class FeedItem:
    """One event as everyone reads it; `source` is `bank` for a journal entry, `gateway` for our own."""

    id: int
    kind: str
    at: int
    received_at: int
    source: str
    bank: str | None
    locker: int | None
    body: dict[str, Any]
    epoch: str | None
    seq: int | None


# Someone's coming and going, entry by entry: not a trail for staff (privacy/openings.py says who may read more).
USES = (
    EntryType.BADGE_REFUSED,
    EntryType.RELEASE_INTENDED,
    EntryType.RELEASED,
    EntryType.RELEASE_FAILED,
    EntryType.RELEASE_UNKNOWN,
    EntryType.DOOR_OPENED,
    EntryType.DOOR_CLOSED,
    EntryType.ALREADY_OPEN,
)
# Digests identify people's badges to whoever holds the key: nobody outside needs them.
_KEPT_INSIDE = frozenset({"digest", "old", "new"})


class _Body(msgspec.Struct):
    body: dict[str, Any] = {}


_line = msgspec.json.Decoder(_Body)
_body = msgspec.json.Decoder(dict[str, Any])


def record(
    session: Session,
    kind: str,
    *,
    now: int,
    at: int | None = None,
    bank_id: str | None = None,
    locker: int | None = None,
    **facts: Any,
) -> Event:
    """Adds an event of the gateway's own, of the moment `at` (now, if None): codes, ids and numbers, never names."""
    event = Event(
        kind=kind,
        at=now if at is None else at,
        received_at=now,
        bank_id=bank_id,
        locker=locker,
        body=msgspec.json.encode({name: value for name, value in facts.items() if value is not None}),
    )
    session.add(event)
    announce(session, FeedGrew())
    return event


def events_after(
    session: Session,
    after: int,
    *,
    limit: int = 100,
    kinds: Collection[str] = (),
    bank_id: str | None = None,
    locker: int | None = None,
    uses_since: int | None = None,
) -> list[FeedItem]:
    """Events with an id above `after`, oldest first; of uses only those received since `uses_since`, if it is given."""
    query = select(Event).where(Event.id > after).order_by(Event.id).limit(bounded(limit))
    if uses_since is not None:
        query = query.where(Event.kind.not_in(USES) | (Event.received_at >= uses_since))
    return [_item(event) for event in session.scalars(_narrowed(query, kinds, bank_id, locker))]


def events_between(
    session: Session, *, bank_id: str, locker: int | None, from_at: int, until_at: int, after: int, limit: int
) -> list[FeedItem]:
    """The uses of a block, or of one door, in [from_at, until_at), with an id above `after`, oldest first."""
    query = (
        select(Event)
        .where(Event.id > after, Event.at >= from_at, Event.at < until_at)
        .order_by(Event.id)
        .limit(bounded(limit))
    )
    return [_item(event) for event in session.scalars(_narrowed(query, USES, bank_id, locker))]


def latest_events(
    session: Session,
    *,
    limit: int = 50,
    kinds: Collection[str] = (),
    bank_id: str | None = None,
    locker: int | None = None,
) -> list[FeedItem]:
    """The newest events, newest first."""
    query = select(Event).order_by(Event.id.desc()).limit(bounded(limit))
    return [_item(event) for event in session.scalars(_narrowed(query, kinds, bank_id, locker))]


def last_id(session: Session) -> int:
    """The newest event's id, 0 if there is none."""
    return session.scalar(select(func.max(Event.id))) or 0


def _narrowed(query: Any, kinds: Collection[str], bank_id: str | None, locker: int | None) -> Any:
    if kinds:
        query = query.where(Event.kind.in_(kinds))
    if bank_id is not None:
        query = query.where(Event.bank_id == bank_id)
    if locker is not None:
        query = query.where(Event.locker == locker)
    return query


def _item(event: Event) -> FeedItem:
    own = event.line is None
    body = _body.decode(event.body or b"{}") if own else _line.decode(event.line or b"{}").body
    return FeedItem(
        id=event.id,
        kind=event.kind,
        at=event.at,
        received_at=event.received_at,
        source="gateway" if own else "bank",
        bank=event.bank_id,
        locker=event.locker,
        body={name: value for name, value in body.items() if name not in _KEPT_INSIDE},
        epoch=event.epoch,
        seq=event.seq,
    )


def items(events: Sequence[Event]) -> list[FeedItem]:
    """The events as everyone reads them."""
    return [_item(event) for event in events]
