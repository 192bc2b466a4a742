"""The event feed: writing the gateway's own events, and reading everything in order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.orm import Session

from gateway.db import announce
from gateway.events.models import RARE, USES, Event
from gateway.paging import bounded
from gateway.prepared import Prepared, Row, Values, some


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


_line = msgspec.json.Decoder(_Body)
_body = msgspec.json.Decoder(dict[str, Any])
# Made once: whatever happens is told, and some of it several times.
_ADDED = ("kind", "at", "received_at", "bank_id", "locker", "body")
_ADD = Prepared(insert(Event).values({name: bindparam(name) for name in _ADDED}))
_FACTS = (
    Event.id, Event.kind, Event.at, Event.received_at, Event.bank_id, Event.locker, Event.body, Event.epoch, Event.seq,
    Event.line,
)  # fmt: skip
# By what the feed is asked for; an id is its place in the feed.
_ASKED = {
    "after": Event.id > bindparam("after"),
    "since": Event.received_at >= bindparam("since"),
    "from": Event.at >= bindparam("from"),
    "until": Event.at < bindparam("until"),
    "bank": Event.bank_id == bindparam("bank"),
    "locker": Event.locker == bindparam("locker"),
}
_LAST_BEFORE = Prepared(
    select(Event.id)
    .where(Event.received_at < bindparam("since"))
    .order_by(Event.id.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)


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
    values = {
        "kind": kind,
        "at": now if at is None else at,
        "received_at": now,
        "bank_id": bank_id,
        "locker": locker,
        "body": msgspec.json.encode({name: value for name, value in facts.items() if value is not None}),
    }
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
    asked = {"after": after, "bank": bank_id, "locker": locker, "limit": bounded(limit)}
    if uses_since is None:
        return sorted(_found(session, kinds, asked), key=_id)[: bounded(limit)]
    uses, rest = _uses_and_rest(kinds)
    found: list[FeedItem] = []
    if uses or not kinds:
        # What was received before is not looked through: ids rise with the time of receipt.
        before = _LAST_BEFORE.first(session.connection(), {"since": uses_since, "limit": 1, "offset": 0})
        recent = {**asked, "after": max(after, before[0] if before else 0), "since": uses_since}
        found += _ask(session, recent, uses or USES)
    if rest:
        found += _found(session, rest, asked)
    elif not kinds:
        found += _ask(session, asked, rare=True)
    return sorted(found, key=_id)[: bounded(limit)]


def events_between(
    session: Session, *, bank_id: str, locker: int | None, from_at: int, until_at: int, after: int, limit: int
) -> list[FeedItem]:
    """The uses of a block, or of one door, in [from_at, until_at), with an id above `after`, oldest first."""
    asked = {
        "after": after, "bank": bank_id, "locker": locker, "from": from_at, "until": until_at, "limit": bounded(limit)
    }  # fmt: skip
    return _ask(session, asked, USES)


def latest_events(
    session: Session,
    *,
    limit: int = 50,
    kinds: Collection[str] = (),
    bank_id: str | None = None,
    locker: int | None = None,
) -> list[FeedItem]:
    """The newest events, newest first."""
    asked = {"bank": bank_id, "locker": locker, "limit": bounded(limit)}
    return sorted(_found(session, kinds, asked, newest=True), key=_id, reverse=True)[: bounded(limit)]


def last_id(session: Session) -> int:
    """The newest event's id, 0 if there is none."""
    return session.scalar(select(func.max(Event.id))) or 0


def _id(item: FeedItem) -> int:
    return item.id


def _uses_and_rest(kinds: Collection[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Each once, however often it is named."""
    once = dict.fromkeys(kinds)
    return [kind for kind in once if kind in USES], [kind for kind in once if kind not in USES]


def _found(session: Session, kinds: Collection[str], asked: Values, *, newest: bool = False) -> list[FeedItem]:
    """Each rare kind has its place in an index, where one question finds it; all else is found by one more."""
    uses, rare = _uses_and_rest(kinds)
    found = [item for kind in rare for item in _ask(session, asked, (kind,), rare=True, newest=newest)]
    if uses or not kinds:
        found += _ask(session, asked, uses, newest=newest)
    return found


def _ask(
    session: Session, asked: Values, kinds: Sequence[str] = (), *, rare: bool = False, newest: bool = False
) -> list[FeedItem]:
    """Events of these kinds, or of all; what is None is not asked."""
    given = {name: value for name, value in asked.items() if value is not None}
    question = _question(frozenset(given), len(kinds), rare, newest)
    values = {**given, **{f"kind{turn}": kind for turn, kind in enumerate(kinds)}, "offset": 0}
    return [_item(row) for row in question.run(session.connection(), values)]


@cache
def _question(asked: frozenset[str], kinds: int, rare: bool, newest: bool) -> Prepared:
    """There are few of them, and each is compiled once."""
    query = select(*_FACTS).where(*(_ASKED[name] for name in sorted(asked) if name in _ASKED))
    if rare:
        query = query.where(RARE)
    if kinds:
        query = query.where(Event.kind.in_(some("kind", kinds)))
    ordered = query.order_by(Event.id.desc() if newest else Event.id)
    return Prepared(ordered.limit(bindparam("limit")).offset(bindparam("offset")))


def _item(row: Row) -> FeedItem:
    number, kind, at, received_at, bank, locker, own, epoch, seq, line = row
    body = _body.decode(own or b"{}") if line is None else _line.decode(line).body
    return FeedItem(
        id=number,
        kind=kind,
        at=at,
        received_at=received_at,
        source="gateway" if line is None else "bank",
        bank=bank,
        locker=locker,
        body={name: value for name, value in body.items() if name not in _KEPT_INSIDE},
        epoch=epoch,
        seq=seq,
    )
