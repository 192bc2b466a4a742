"""What there is to tell now: from the feed since it was last looked through, and from how the blocks stand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.access.models import IssuedList
from gateway.alerts.kinds import Kind
from gateway.alerts.models import Alert
from gateway.events.service import FeedItem, events_after, last_id, latest_events
from gateway.lockers import wall
from gateway.lockers.models import Bank, Observation
from gateway.lockers.wall import BankView, Heard
from wire.entries import EntryType

# A link that comes back by itself needs nobody; a list reaches a bank within seconds.
OFFLINE_AFTER_MS = 10 * 60_000
STALE_AFTER_MS = 10 * 60_000
# A block tries again for some seconds, and what it says of that follows within seconds.
RETRIED_MS = 30_000
# Longer: what entries tell is told by them.
FEED_FIRST_MS = 2 * RETRIED_MS
_LOOKED_THROUGH = 500
# How a card that was cloned or restored, or a second controller of the same name, shows (faults, row 15).
_COPIES = ("epoch_link_broken", "session_conflict")
# Two controllers of one name take turns: what goes on like that is told once.
COPIED_FOR_MS = 86_400_000
_FEED = (EntryType.DOOR_FORCED, EntryType.DOOR_LEFT_OPEN, EntryType.NOT_OPENED, EntryType.TAMPER, *_COPIES)
_TRIES = (EntryType.RELEASE_INTENDED, EntryType.DOOR_OPENED)
_TRIES_AT_MOST = 20
# What the block's last word on a door must be for the alert to last.
FAULTS: Mapping[Kind, str] = {
    Kind.FORCED: "forced",
    Kind.TAMPERED: "tampered",
    Kind.LEFT_OPEN: "open_too_long",
    Kind.AJAR: "ajar",
    Kind.JAMMED: "jammed",
}
_KINDS = {fault: kind for kind, fault in FAULTS.items()}


@dataclass(frozen=True)
class Occasion:
    """One thing worth telling: what, where, since when. `key` is the same however often it is looked at."""

    key: str
    kind: Kind
    site_id: str
    bank_id: str | None
    locker: int | None
    since: int
    about: str = ""

    @property
    def subject(self) -> str:
        """What and where: one alert at a time."""
        return f"{self.kind}:{self.bank_id or self.site_id}:{self.locker or self.about}"

    @classmethod
    def told_by(cls, alert: Alert) -> "Occasion":
        """That of an alert."""
        _kind, _where, what = alert.subject.split(":", 2)
        return cls(
            alert.key, Kind(alert.kind), alert.site_id, alert.bank_id, alert.locker, alert.since,
            about=what if alert.locker is None else "",
        )  # fmt: skip


def from_feed(session: Session, after: int, now: int) -> tuple[list[Occasion], int]:
    """What entries after the event `after` tell, and the id up to which they need not be looked through again."""
    sites = {bank_id: site_id for bank_id, site_id in session.execute(select(Bank.id, Bank.site_id))}
    end = last_id(session)
    items = events_after(session, after, kinds=_FEED, limit=_LOOKED_THROUGH)
    jams = [item for item in items if item.kind == EntryType.NOT_OPENED]
    early = {item.id for item in jams if 0 <= now - item.received_at < RETRIED_MS}
    passed_over = early | {item.id for item in jams if item.id not in early and _opened_by_retry(session, item)}
    found = [one for item in items if item.id not in passed_over and (one := _told(item, sites)) is not None]
    if early:
        return found, min(early) - 1
    if len(items) == _LOOKED_THROUGH:
        return found, items[-1].id
    return found, max(end, items[-1].id if items else after)


def _opened_by_retry(session: Session, jam: FeedItem) -> bool:
    """Whether the door opened after all, late or by the block's own next try: then it is not jammed."""
    tries = [jam.body.get("release")]
    for item in events_after(session, jam.id, kinds=_TRIES, bank_id=jam.bank, locker=jam.locker, limit=_TRIES_AT_MOST):
        release = item.body.get("release")
        if item.kind == EntryType.DOOR_OPENED:
            return release is not None and release in tries
        if item.body.get("cause") != "retry":
            return False
        tries.append(release)
    return False


def _told(item: FeedItem, sites: Mapping[str, str]) -> Occasion | None:
    kind = _kind(item.kind, item.body)
    if kind is None or item.bank is None or item.bank not in sites:
        return None
    return Occasion(f"event:{item.id}", kind, sites[item.bank], item.bank, item.locker, item.at)


def _kind(entry: str, body: Mapping[str, Any]) -> Kind | None:
    match entry:
        case EntryType.DOOR_FORCED:
            return Kind.FORCED
        case EntryType.DOOR_LEFT_OPEN:
            return Kind.AJAR if body.get("code") == "ajar" else Kind.LEFT_OPEN
        case EntryType.NOT_OPENED:
            return Kind.JAMMED
        case EntryType.TAMPER if body.get("active") is not False:
            return Kind.TAMPERED
        case _ if entry in _COPIES:
            return Kind.COPIED
    return None


def still_copied(session: Session, bank_id: str | None, now: int) -> bool:
    """Whether the block has shown lately that it may run from a copied card, or twice."""
    newest = latest_events(session, kinds=_COPIES, bank_id=bank_id, limit=1)
    return bool(newest) and 0 <= now - newest[0].received_at < COPIED_FOR_MS


_OF_LISTS = (Kind.LIST_STALE, Kind.WAITS)
OF_BLOCKS = (Kind.OFFLINE, *_OF_LISTS)


class Blocks:
    """How the blocks stand. Remembers since when each was not heard: what is in the database may be older.

    What was told already counts, too: another gateway on the database, or this one before its start, heard more.
    """

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._silent_since: dict[str, int] = {}

    def standing(self, session: Session, now: int) -> Iterator[Occasion]:
        """Blocks that are offline, follow an old list, or wait for a decision."""
        told = {alert.subject: alert.since for alert in session.scalars(select(Alert).where(Alert.over_at.is_(None)))}
        for bank in wall.banks(session, self._heard):
            if not bank.joined:
                continue
            # Of a block that is not heard nothing else is told, and what was told before still holds.
            if bank.online or any(_of_bank(bank, kind, now).subject in told for kind in _OF_LISTS):
                yield from (one for one in _lists(session, bank, now) if bank.online or one.subject in told)
            if bank.online:
                self._silent_since.pop(bank.id, None)
                continue
            offline = _of_bank(bank, Kind.OFFLINE, self._silent_since.get(bank.id, now))
            since = self._silent_since[bank.id] = min(now, told.get(offline.subject, offline.since))
            if now - since >= OFFLINE_AFTER_MS:
                yield _of_bank(bank, Kind.OFFLINE, since)


def _lists(session: Session, bank: BankView, now: int) -> Iterator[Occasion]:
    if bank.held_since is not None:
        yield _of_bank(bank, Kind.WAITS, bank.held_since)
    elif bank.pending:
        waiting = select(func.min(IssuedList.issued_at)).where(
            IssuedList.bank_id == bank.id, IssuedList.version > bank.list_in_force
        )
        since = session.scalar(waiting) or now
        if now - since >= STALE_AFTER_MS:
            yield _of_bank(bank, Kind.LIST_STALE, since)


def _of_bank(bank: BankView, kind: Kind, since: int) -> Occasion:
    return Occasion(f"{kind}:{bank.id}:{since}", kind, bank.site_id, bank.id, None, since)


def lasting_doors(session: Session, now: int) -> list[Occasion]:
    """Doors that are not as they should be, for long enough that the feed has told of them first."""
    rows = session.execute(
        select(Observation.bank_id, Observation.number, Observation.fault, Observation.since, Bank.site_id)
        .join(Bank, Bank.id == Observation.bank_id)
        .where(Observation.fault.in_(_KINDS))
        .order_by(Observation.bank_id, Observation.number)
    )
    found = []
    for bank_id, number, fault, since, site_id in rows:
        if fault is not None and not 0 <= now - since < FEED_FIRST_MS:  # a clock that was ahead keeps nothing back
            kind = _KINDS[fault]
            # Each time is an occasion of its own; of one subject only one alert is not over.
            found.append(Occasion(f"{kind}:{bank_id}:{number}:{now}", kind, site_id, bank_id, number, since))
    return found


def lasting_faults(session: Session) -> set[tuple[str, int, str]]:
    """Every door that is not as it should be: block, number, fault."""
    return {
        (row.bank_id, row.number, row.fault)
        for row in session.scalars(select(Observation).where(Observation.fault.is_not(None)))
        if row.fault
    }
