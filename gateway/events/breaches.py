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
    found = latest_events(
        session, kinds=("breach", "breach_seen"), bank_id=bank_id, locker=locker, limit=LOOKED_THROUGH
    )
    return _without_seen([item for item in found if item.received_at > now - SHOWN_FOR_MS])


def unseen_at(session: Session, banks: Collection[str], *, now: int) -> list[FeedItem]:
    """Those of these banks. Each is asked for its own: one with very many hides none of another's; but of more than
    MOST_ASKED banks only what is among the newest of all is found."""
    if len(banks) > MOST_ASKED:
        return [item for item in unseen(session, now=now) if item.bank in banks]
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


def _without_seen(items: Sequence[FeedItem]) -> list[FeedItem]:
    seen = {item.body.get("breach") for item in items if item.kind == "breach_seen"}
    return [item for item in items if item.kind == "breach" and item.id not in seen]
