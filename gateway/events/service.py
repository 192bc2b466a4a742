"""The event feed: writing the gateway's own events, and reading everything in order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, func, insert, select
from sqlalchemy.orm import Session

from gateway.db import announce
from gateway.events.models import RARE, USES, Event
from gateway.paging import bounded
from gateway.prepared import Prepared


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


# Digests identify people's badges to whoever holds the key: nobody outside needs them.
_KEPT_INSIDE = frozenset({"digest", "old", "new"})


class _Body(msgspec.Struct):
    body: dict[str, Any] = {}


# Made once: whatever happens is told, and some of it several times.
_ADDED = ("kind", "at", "received_at", "bank_id", "locker", "body")
_ADD = Prepared(insert(Event).values({name: bindparam(name) for name in _ADDED}))
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
) -> None:
    """Adds an event of the gateway's own, of the moment `at` (now, if None): codes, ids and numbers, never names.

    Written at once, whatever else is pending.
    """
    body = msgspec.json.encode({name: value for name, value in facts.items() if value is not None})
    at = now if at is None else at
    values = {"kind": kind, "at": at, "received_at": now, "bank_id": bank_id, "locker": locker, "body": body}
    _ADD.run(session.connection(), values)
    announce(session, FeedGrew())


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
    if uses_since is None:
        return items(sorted(_found(session, query, kinds, bank_id, locker), key=_id)[: bounded(limit)])
    # What was received before is not looked through: ids rise with the time of receipt.
    before = select(Event.id).where(Event.received_at < uses_since).order_by(Event.id.desc()).limit(1)
    recent = query.where(Event.id > (session.scalar(before) or 0), Event.received_at >= uses_since)
    uses, rest = [kind for kind in kinds if kind in USES], [kind for kind in kinds if kind not in USES]
    found: list[Event] = []
    if uses or not kinds:
        found += session.scalars(_narrowed(recent, uses or USES, bank_id, locker))
    if rest or not kinds:
        found += _found(session, query.where(RARE), rest, bank_id, locker)
    return items(sorted(found, key=_id)[: bounded(limit)])


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
    return items(sorted(_found(session, query, kinds, bank_id, locker), key=_id, reverse=True)[: bounded(limit)])


def last_id(session: Session) -> int:
    """The newest event's id, 0 if there is none."""
    return session.scalar(select(func.max(Event.id))) or 0


def _id(event: Event) -> int:
    return event.id


def _found(
    session: Session, query: Select[Event], kinds: Collection[str], bank_id: str | None, locker: int | None
) -> list[Event]:
    """Each rare kind has its place in an index, where one question finds it; all else is found by one more."""
    rare = [kind for kind in kinds if kind not in USES]
    asked = [_narrowed(query.where(RARE), (kind,), bank_id, locker) for kind in rare]
    if len(rare) < len(kinds) or not kinds:
        asked.append(_narrowed(query, [kind for kind in kinds if kind in USES], bank_id, locker))
    return [event for one in asked for event in session.scalars(one)]


def _narrowed(query: Select[Event], kinds: Collection[str], bank_id: str | None, locker: int | None) -> Select[Event]:
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
