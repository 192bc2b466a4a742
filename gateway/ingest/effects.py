"""What newly stored entries change elsewhere: doors on the wall, lists in force, loans, and breaches."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from gateway.access.models import Controller
from gateway.access.service import list_in_force
from gateway.events.judgement import judge_releases
from gateway.ingest.service import Stored
from gateway.loans.movements import note_releases
from gateway.lockers.observations import observe
from wire.entries import Entry, EntryType
from wire.limits import MAX_INTEGER


def take_effect(session: Session, stored: Stored, *, now: int) -> None:
    """Runs in the same transaction as the storing."""
    for bank_id, entries in stored.fresh.items():
        observe(session, bank_id, entries)
        note_releases(session, bank_id, entries, now=now)
        judge_releases(session, bank_id, entries, now=now)
        _note_lists(session, bank_id, entries, now)


def _note_lists(session: Session, bank_id: str, entries: Sequence[Entry], now: int) -> None:
    applied = [entry for entry in entries if entry.type == EntryType.ACCESS_APPLIED]
    controller = session.get(Controller, bank_id) if applied else None
    for entry in applied:
        version = entry.body.get("version")
        if controller is None or type(version) is not int:
            continue
        # Entries may arrive late and in any order: a list once in force is not taken back by an older one.
        if controller.list_in_force < version <= MAX_INTEGER:
            list_in_force(controller, version, min(entry.at, now))
