"""Whether a recent decision has reached the controllers: in force since when, or why not yet. Read, never assumed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access import lists, reconcile
from gateway.access.models import IssuedList
from gateway.audit.models import AuditRecord
from gateway.events.service import latest_events
from gateway.lockers.wall import BankView
from gateway.web import formats
from gateway.web.i18n import N_
from gateway.web.visit import Visit
from wire.hours import site_zone

# A decision is followed on screen for a day, and longer while it is not in force.
FOLLOWED_MS = 24 * 3_600_000
FOLLOWED_AT_MOST = 8

TITLES = {
    "badge_revoked": N_("Badge blocked"),
    "badge_given": N_("Badge given"),
    "badge_registered": N_("Badge given"),
    "badge_pin_set": N_("PIN set"),
    "badge_pin_cleared": N_("PIN taken away"),
    "contract_assigned": N_("Locker handed over"),
    "contract_signed": N_("Contract signed"),
    "contract_suspended": N_("Contract suspended"),
    "contract_resumed": N_("Contract resumed"),
    "contract_renewed": N_("Contract extended"),
    "contract_moved": N_("Locker changed"),
    "contract_ended": N_("Contract ended"),
    "locker_emptied": N_("Locker confirmed empty"),
}
# The same decisions, where the suspension had not begun.
_PLANNED = {
    "contract_suspended": N_("Contract suspended from %(day)s"),
    "contract_resumed": N_("Suspension planned for %(day)s taken back"),
}


@dataclass(frozen=True)
class Subject:
    """A badge or a contract whose decisions are followed: its id, the banks it concerns, and its name on screen."""

    id: str
    label: str
    banks: Sequence[str]


@dataclass(frozen=True)
class InForce:
    """One decision, in the reader's language, and one bank: `in_force_at` as it reported it, or what it waits for.

    `is_ahead`: what was decided begins later; the bank only knows of it.
    """

    action: str
    label: str
    bank: str
    zone: ZoneInfo
    since: int
    in_force_at: int | None
    is_ahead: bool
    offline_since: int | None
    waiting_for_reconciliation: bool
    block_url: str


def said(visit: Visit, decision: str, details: Mapping[str, Any], zone: ZoneInfo) -> str:
    """A decision in the reader's language; a suspension that was only planned has its first day."""
    first = details.get("planned_from")
    if first is None or decision not in _PLANNED:
        return visit.say(TITLES[decision])
    return visit.say(_PLANNED[decision], day=formats.day(first, zone, visit.language))


def followed(
    visit: Visit, session: Session, banks: Mapping[str, BankView], subjects: Iterable[Subject]
) -> list[InForce]:
    """The newest decision about each subject, newest first, at each bank it concerns."""
    found: list[InForce] = []
    for subject in subjects:
        record = session.scalar(
            select(AuditRecord)
            .where(AuditRecord.subject == subject.id, AuditRecord.action.in_(TITLES))
            .order_by(AuditRecord.id.desc())
            .limit(1)
        )
        if record is None:
            continue
        joined = [banks[bank] for bank in subject.banks if bank in banks and banks[bank].joined]
        shown = [_reached(visit, session, bank, record, subject.label) for bank in joined]
        found += [one for one in shown if one.in_force_at is None or visit.clock() - record.at < FOLLOWED_MS]
    found.sort(key=lambda one: -one.since)
    return found[:FOLLOWED_AT_MOST]


def _reached(visit: Visit, session: Session, bank: BankView, record: AuditRecord, label: str) -> InForce:
    zone = site_zone(bank.zone)
    return InForce(
        action=said(visit, record.action, record.details, zone),
        label=label,
        bank=bank.name,
        zone=zone,
        since=record.at,
        in_force_at=_in_force_at(session, bank, record.at, visit.clock()),
        is_ahead=record.action == "contract_suspended" and record.details.get("planned_from", 0) > visit.clock(),
        offline_since=None if bank.online else visit.heard_at(bank) or record.at,
        waiting_for_reconciliation=bank.held,
        block_url=f"/blocks/{bank.id}",
    )


def _in_force_at(session: Session, bank: BankView, since: int, now: int) -> int | None:
    """When the bank first followed a list that holds the decision, by its own journal; no sooner than the decision."""
    version = _holding(session, bank, since, now)
    if version is None or bank.list_in_force < version:
        return None
    applied = latest_events(session, kinds=("access_applied",), bank_id=bank.id, limit=100)
    reported = [item.at for item in applied if item.body.get("version", 0) >= version]
    first = min(reported, default=bank.list_in_force_since)
    return None if first is None else max(since, first)


def _holding(session: Session, bank: BankView, since: int, now: int) -> int | None:
    """The version of the first list that holds the decision: issued after it; or before it, where the decision changed
    nothing of the list (a locker handed over without a badge, or with a key).
    """
    lists_of_bank = select(IssuedList.version, IssuedList.content).where(IssuedList.bank_id == bank.id)
    later = lists_of_bank.where(IssuedList.issued_at >= since).order_by(IssuedList.version)
    after = session.execute(later.limit(1)).first()
    if bank.held:  # what it follows is none of these
        return after.version if after else None
    if after is None:
        same = lists.unchanged(session, bank.id, now=now)
        return same.version if same else None
    earlier = lists_of_bank.where(IssuedList.version < after.version).order_by(IssuedList.version.desc())
    before = session.execute(earlier.limit(1)).first()
    if before and before.content == after.content and before.content not in reconcile.NOT_OURS:
        return int(before.version)
    return int(after.version)
