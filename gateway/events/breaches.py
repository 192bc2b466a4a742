"""Breaches that nobody has looked at yet, and the noting that someone has."""

from collections.abc import Collection, Sequence
from operator import attrgetter

from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.errors import NotFoundError
from gateway.events.models import Event
from gateway.events.service import FeedItem, latest_events, record

# An older one is history: it stays in the feed and leaves the wall.
SHOWN_FOR_MS = 7 * 86_400_000
LOOKED_THROUGH = 200
MOST_ASKED = 50


def unseen(session: Session, *, now: int, bank_id: str | None = None, locker: int | None = None) -> list[FeedItem]:
    """Breaches of the last days that nobody has noted as seen, newest first."""
    return _unseen(_newest(session, bank_id, locker), now)


def unseen_at(session: Session, banks: Collection[str], *, now: int) -> list[FeedItem]:
    """Those of these banks. Where all banks have more than is looked through, each is asked for its own: one with very
    many hides none of another's; but of more than MOST_ASKED banks only what is among the newest of all is found."""
    newest = _newest(session)
    if _reaches_back(newest, now) or len(banks) > MOST_ASKED:
        return [item for item in _unseen(newest, now) if item.bank in banks]
    found = [item for bank_id in banks for item in unseen(session, now=now, bank_id=bank_id)]
    return sorted(found, key=attrgetter("id"), reverse=True)


def note_seen(session: Session, event_id: int, *, actor: str, now: int) -> Event:
    """Someone has looked at this breach; the breach itself stays. Raises NotFoundError with code `breach`."""
    breach = session.get(Event, event_id)
    if breach is None or breach.kind != "breach":
        raise NotFoundError("breach", "no such breach")
    audit.record(session, actor=actor, action="breach_seen", subject=str(event_id), now=now)
    record(session, "breach_seen", now=now, bank_id=breach.bank_id, locker=breach.locker, breach=event_id)
    return breach


def _newest(session: Session, bank_id: str | None = None, locker: int | None = None) -> list[FeedItem]:
    kinds = ("breach", "breach_seen")
    return latest_events(session, kinds=kinds, bank_id=bank_id, locker=locker, limit=LOOKED_THROUGH)


def _reaches_back(newest: Sequence[FeedItem], now: int) -> bool:
    """Whether nothing of the last days is older than these."""
    return len(newest) < LOOKED_THROUGH or not _is_shown(newest[-1], now)


def _is_shown(item: FeedItem, now: int) -> bool:
    return item.received_at > now - SHOWN_FOR_MS


def _unseen(newest: Sequence[FeedItem], now: int) -> list[FeedItem]:
    shown = [item for item in newest if _is_shown(item, now)]
    seen = {item.body.get("breach") for item in shown if item.kind == "breach_seen"}
    return [item for item in shown if item.kind == "breach" and item.id not in seen]
