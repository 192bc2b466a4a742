"""What newly stored entries change elsewhere: doors on the wall, lists in force, loans, breaches, and looks."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from gateway.access.service import has_followed
from gateway.custody.withdrawn import note_uses
from gateway.events.judgement import judge_releases
from gateway.ingest.service import Stored
from gateway.loans.movements import note_releases
from gateway.lockers.observations import observe
from wire.entries import Entry, EntryType
from wire.limits import MAX_INTEGER


def take_effect(session: Session, stored: Stored, *, now: int) -> None:
    """Runs in the same transaction as the storing."""
    for bank_id, entries in stored.fresh.items():
        observe(session, bank_id, entries, now=now)
        note_releases(session, bank_id, entries, now=now)
        judge_releases(session, bank_id, entries, now=now)
        note_uses(session, bank_id, entries, now=now)
        _note_lists(session, bank_id, entries, now)


def _note_lists(session: Session, bank_id: str, entries: Sequence[Entry], now: int) -> None:
    for entry in entries:
        if entry.type != EntryType.ACCESS_APPLIED:
            continue
        version, name = entry.body.get("version"), entry.body.get("hash")
        if type(version) is int and version <= MAX_INTEGER:
            known_as = name if isinstance(name, str) else None
            has_followed(session, bank_id, version, known_as, at=min(entry.at, now), now=now)
